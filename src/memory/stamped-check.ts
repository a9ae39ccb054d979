/**
 * The check of stopped memory with several writers, or with stamps wider than a byte. It is that of images: memory is
 * opened as one for each check, since what of it is there at all changes while the guest runs.
 */
import { slicesOf } from '../model/stamps.js';
import type { StampedRange } from '../model/stamps.js';
import type { MemoryVerdict, PageDamage, SliceVerdict, SlicesVerdict } from '../model/verdict.js';
import type { NativePageDamage, NativeSliceVerdict } from '../native/image-addon.js';
import type { CheckOptions, GuestRam } from './guest-ram.js';
import type { MemoryImage } from './image.js';
import { refuseRange } from './ranges.js';

/** Enough to name every page of a badly broken guest of the usual size, and little enough to log. */
const defaultDamagedRunLimit = 8192;

/** Whichever check the stamps need: `GuestRam.checkStopped` where one writer stamps single bytes. */
export async function checkStamped(
  ram: GuestRam,
  stamped: StampedRange,
  options: CheckOptions = {},
): Promise<MemoryVerdict> {
  const { stamp = 'byte', writers = 1, hole } = stamped;
  if (stamp === 'byte' && writers === 1 && hole === undefined) {
    return await ram.checkStopped(stamped, options);
  }
  return await ram.checkSlicesStopped(stamped, options);
}

/** As `GuestRam.checkSlicesStopped`; `open` makes an image of the memory as it is now. */
export async function checkSlices(
  stamped: StampedRange,
  options: CheckOptions,
  source: string,
  open: (signal: AbortSignal | undefined) => Promise<MemoryImage>,
): Promise<SlicesVerdict> {
  const startedMs = performance.now();
  requireStamped(stamped);
  const { start, end, step, hole, stamp = 'byte' } = stamped;
  using image = await open(options.signal);
  const found = await image.check(
    {
      level: stamp,
      slices: slicesOf(stamped),
      step,
      damageLimit: options.damagedRunLimit ?? defaultDamagedRunLimit,
      ...(options.kernel === undefined ? {} : { kernel: options.kernel }),
      threads: options.threads ?? 1,
    },
    { signal: options.signal },
  );
  const slices = found.map(toSlice);
  const sum = (count: (slice: SliceVerdict) => number): number =>
    slices.reduce((total, slice) => total + count(slice), 0);
  const damagedPages = sum((slice) => slice.damagedPages);
  return {
    level: 'slices',
    stamp,
    intact: damagedPages === 0,
    range: { start, end, step },
    hole: hole ?? null,
    pages: sum(({ pages }) => pages),
    slices,
    damagedPages,
    damagedRuns: sum((slice) => slice.damagedRuns),
    source,
    kernel: found[0]?.kernel ?? '',
    elapsedMs: performance.now() - startedMs,
  };
}

function requireStamped(stamped: StampedRange): void {
  const { start, step, hole, writers = 1 } = stamped;
  if (hole !== undefined) {
    if (!(start < hole.start && hole.start < hole.end && hole.end < stamped.end)) {
      refuseRange('a hole that does not lie within the range');
    }
    if ((hole.start - start) % step !== 0 || (stamped.end - hole.end) % step !== 0) {
      refuseRange('a hole that cuts a page');
    }
  }
  const slices = slicesOf(stamped);
  if (!Number.isInteger(writers) || slices.length < 1 || slices.some(({ pages }) => pages < 1)) {
    refuseRange(`${writers} writers that all have pages`);
  }
}

function toSlice(found: NativeSliceVerdict): SliceVerdict {
  const { start, end, pages, edge, torn, damagedPages, damagedRuns, pagesByKind } = found;
  return {
    start,
    end,
    pages,
    generation: Number(found.generation),
    edge,
    beingWritten: torn,
    damagedPages,
    damagedRuns,
    pagesByKind,
    damage: found.damage.map(toDamage),
  };
}

/** What is beyond 2^53 is no generation but noise. */
function toDamage(found: NativePageDamage): PageDamage {
  const { start, end, pages, kind, from, byteOffset } = found;
  return {
    start,
    end,
    pages,
    kind,
    expected: Number(found.expected),
    found: exact(found.found),
    by: exact(found.by) ?? Number.MAX_SAFE_INTEGER,
    from,
    byteOffset,
  };
}

function exact(value: bigint | null): number | null {
  return value === null || value > BigInt(Number.MAX_SAFE_INTEGER) ? null : Number(value);
}
