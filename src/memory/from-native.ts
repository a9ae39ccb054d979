/** From the addon's verdicts on slices to the model's verdict on memory. Pure. */
import { slicesOf } from '../model/stamps.js';
import type { StampedRange } from '../model/stamps.js';
import type { MemoryVerdict, SliceVerdict } from '../model/verdict.js';
import type { NativeSliceVerdict } from '../native/image-addon.js';
import type { NativeCheckRequest } from '../native/ram-addon.js';
import type { CheckOptions } from './guest-ram.js';

/**
 * One writer's bytes without a hole: what the addon checks in live memory by itself; other stamps
 * it checks in images.
 */
export function isPlain({ stamp = 'byte', writers = 1, hole, hot }: StampedRange): boolean {
  return stamp === 'byte' && writers === 1 && hole === undefined && hot === undefined;
}

export function toRequest(range: StampedRange, options: CheckOptions): NativeCheckRequest {
  const { start, end, step } = range;
  const { kernel, threads, damageLimit } = options;
  return { start, end, step, damageLimit, kernel, threads };
}

export function toVerdict(
  found: readonly NativeSliceVerdict[],
  range: StampedRange,
  source: string,
  elapsedMs: number,
): MemoryVerdict {
  const { start, end, step, stamp = 'byte', hole } = range;
  const parts = range.hot === undefined ? [] : slicesOf(range);
  const sum = (count: (slice: SliceVerdict) => number): number =>
    found.reduce((total, slice) => total + count(slice), 0);
  const damagedPages = sum((slice) => slice.damagedPages);
  return {
    stamp,
    intact: damagedPages === 0,
    range: { start, end, step },
    hole: hole ?? null,
    pages: sum(({ pages }) => pages),
    slices: found.map((slice, index) => {
      const part = parts[index]?.part;
      return part === undefined ? toSlice(slice) : { ...toSlice(slice), part };
    }),
    damagedPages,
    damagedRuns: sum((slice) => slice.damagedRuns),
    source,
    kernel: found[0]?.kernel ?? '',
    elapsedMs,
  };
}

/** Blocks are those of an image, which live memory is opened as only for the check. */
function toSlice(found: NativeSliceVerdict): SliceVerdict {
  const { start, end, pages, generation, edge, beingWritten } = found;
  const { damagedPages, damagedRuns, pagesByKind, damage, upstreamLines } = found;
  return {
    start,
    end,
    pages,
    generation,
    edge,
    beingWritten,
    damagedPages,
    damagedRuns,
    pagesByKind,
    damage: damage.map(({ block: _, blockOffset: __, ...rest }) => rest),
    upstreamLines,
  };
}
