/**
 * The check of stopped memory with several writers, or with stamps wider than a byte. It is that of
 * images: each check opens memory as an image, since pages may appear in it while the guest runs.
 */
import { slicesOf } from '../model/stamps.js';
import type { StampedRange } from '../model/stamps.js';
import type { MemoryVerdict } from '../model/verdict.js';
import { toVerdict } from './from-native.js';
import type { CheckOptions } from './guest-ram.js';
import type { MemoryImage } from './image.js';
import { refuseRange } from './ranges.js';

/** As `GuestRam.checkStopped`; `open` makes an image of the memory as it is now. */
export async function checkSlices(
  stamped: StampedRange,
  options: CheckOptions,
  source: string,
  open: (signal: AbortSignal | undefined) => Promise<MemoryImage>,
): Promise<MemoryVerdict> {
  const startedMs = performance.now();
  requireStamped(stamped);
  using image = await open(options.signal);
  const found = await image.check(
    {
      level: stamped.stamp ?? 'byte',
      slices: slicesOf(stamped),
      step: stamped.step,
      damageLimit: options.damageLimit,
      kernel: options.kernel,
      threads: options.threads ?? 1,
    },
    { signal: options.signal },
  );
  return toVerdict(found, stamped, source, performance.now() - startedMs);
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
