/** Which memory `drover export` writes, and at which guest addresses. Pure. */
import type { NativeBlock } from '../../../native/image-addon.js';
import type { Range } from '../../../model/text/sizes.js';
import { bytesIn, holesIn, placesOf } from '../source/places.js';

/** [start, end) of a block, which the guest sees from `address` on */
export interface PlacedRange extends Range {
  /** index of the block */
  readonly block: number;
  readonly address: number;
}

export interface LeftOut {
  readonly block: string;
  readonly bytes: number;
  /** device: no memory of the guest itself, such as a ROM; only `--place` brings it in */
  readonly why: 'address-unknown' | 'content-elsewhere' | 'device';
}

export interface ExportPlan {
  /** in the order of addresses; none overlaps another */
  readonly ranges: readonly PlacedRange[];
  readonly leftOut: readonly LeftOut[];
}

/** @param named blocks that `--place` names */
export function exportPlan(
  blocks: readonly NativeBlock[],
  format: string,
  named: readonly string[],
): ExportPlan {
  const ranges: PlacedRange[] = [];
  const leftOut: LeftOut[] = [];
  blocks.forEach((block, index) => {
    const { name, length, places } = block;
    if (block.contentElsewhere) {
      leftOut.push({ block: name, bytes: length, why: 'content-elsewhere' });
      return;
    }
    if (!block.mainMemory && !named.includes(name)) {
      leftOut.push({ block: name, bytes: length, why: 'device' });
      return;
    }
    const unknown = length - bytesIn(placesOf([block]));
    if (unknown > 0 && holesIn(block, format) === 0) {
      leftOut.push({ block: name, bytes: unknown, why: 'address-unknown' });
    }
    for (const { address, blockOffset, length: bytes } of places) {
      ranges.push({ block: index, address, start: blockOffset, end: blockOffset + bytes });
    }
  });
  return { ranges: withoutOverlap(ranges), leftOut };
}

/** Where two ranges overlap, the one that begins first wins. */
function withoutOverlap(ranges: readonly PlacedRange[]): PlacedRange[] {
  const found: PlacedRange[] = [];
  let covered = 0;
  for (const range of [...ranges].sort((a, b) => a.address - b.address)) {
    const cut = Math.max(0, covered - range.address);
    const start = range.start + cut;
    if (start >= range.end) continue;
    found.push({ ...range, start, address: range.address + cut });
    covered = range.address + (range.end - range.start);
  }
  return found;
}
