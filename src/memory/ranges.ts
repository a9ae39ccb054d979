/** Refuses invalid ranges and regions before anything is read. Pure. */
import type { PageRange } from '../model/stamps.js';
import type { RamRegion } from '../model/ram-layout.js';
import { HarnessError } from '../model/errors.js';
import { hex } from '../model/text/format.js';

export function refuseRange(message: string): never {
  throw new HarnessError({ code: 'ram-range', blame: 'host', message });
}

function isAddress(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** Regions are not empty and do not overlap; the answer is in address order. */
export function checkedExtents(regions: readonly RamRegion[]): readonly RamRegion[] {
  if (regions.length === 0) refuseRange('guest memory needs at least one region');
  const sorted = [...regions].sort((a, b) => a.address - b.address);
  let previousEnd = 0;
  for (const { address, size } of sorted) {
    if (!isAddress(address) || !isAddress(size) || size === 0 || !isAddress(address + size)) {
      refuseRange(`not a region of guest memory: address ${address}, size ${size}`);
    }
    if (address < previousEnd) refuseRange(`regions of guest memory overlap at ${hex(address)}`);
    previousEnd = address + size;
  }
  return sorted;
}

/** `extents` come from `checkedExtents`. Regions that touch count as one. */
export function requireInside(extents: readonly RamRegion[], start: number, end: number): void {
  if (!isAddress(start) || !isAddress(end) || start >= end) {
    refuseRange(`not a range of guest memory: [${hex(start)}, ${hex(end)})`);
  }
  let covered = start;
  for (const { address, size } of extents) {
    if (address <= covered && covered < address + size) covered = address + size;
    if (covered >= end) return;
  }
  refuseRange(
    `no region of guest memory holds ${hex(covered)}, wanted for [${hex(start)}, ${hex(end)})`,
  );
}

/** Whole pages, at least one. */
export function requirePages({ start, end, step }: PageRange): void {
  if (!isAddress(step) || step === 0) refuseRange(`not a page size: ${step}`);
  if (!isAddress(start) || !isAddress(end) || start >= end) {
    refuseRange(`not a range of guest memory: [${hex(start)}, ${hex(end)})`);
  }
  if (start % step !== 0 || end % step !== 0) {
    refuseRange(`[${hex(start)}, ${hex(end)}) does not consist of whole pages of ${step} bytes`);
  }
}

export function requireWatchable(
  address: number,
  width: 1 | 8,
  value: bigint,
  timeoutMs: number,
): void {
  if (width === 8 && address % 8 !== 0)
    refuseRange(`8 bytes to watch begin at a multiple of 8, not at ${hex(address)}`);
  if (value < 0n || value >= 1n << BigInt(8 * width))
    refuseRange(`${value} is not a value, or an advance, of ${width} byte(s)`);
  if (!(timeoutMs >= 0)) refuseRange(`not a time to watch for: ${timeoutMs} ms`);
}
