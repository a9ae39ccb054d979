/**
 * When a guest's writes are sure to be noticed by a migration that has begun.
 *
 * Under TCG a store is noticed only where the software TLB says that its page is clean. QEMU takes down the pages written
 * so far when a migration begins (11.1 with postcopy-ram twice) and marks the TLB only if that finds a page that was not to
 * be sent anyway, which at that time none is. What the guest has written a moment before stays writable unnoticed until
 * its TLB is flushed or marked at a later look. A guest that is stopped before that loses those writes: QEMU's fault, but
 * one that has nothing to do with what the tests are about, and that shows once in a thousand times. Drover's guest
 * flushes its TLB in every 8th pass, so the tests let it come round before they let it stop.
 */
import { timeoutError } from '../model/deadline.js';
import type { EventCursor } from '../qmp/events.js';
import type { Pair } from './pair.js';
import { waitStatus } from './waits.js';

/** from one flush of the guest's TLB to the next (guest/x86/boot.S) */
const passesPerFlush = 8;
/** in so many passes at least one whole pass comes after a flush */
const passes = 2 * passesPerFlush;

/** Waits until the source's guest has flushed its TLB, and has written all its memory since. */
export async function waitTracked(
  { context, common, source }: Pair,
  signal: AbortSignal = context.signal,
): Promise<void> {
  if ((common.accel ?? context.plan.accel) !== 'tcg') return;
  const { platform, patience } = context;
  const address = platform.watchAddress;
  const ram = await source.ram(platform.range, signal);
  const deadline = performance.now() + patience.memoryMs;
  let [last = 0] = await ram.readBytes(address, 1);
  // A look may come hundreds of passes after the one before: fewer are counted then, never more.
  for (let passed = 0; passed < passes;) {
    const timeoutMs = deadline - performance.now();
    const result = await ram.watch({
      address,
      width: 1,
      until: 'differs',
      value: BigInt(last),
      timeoutMs: Math.max(0, timeoutMs),
      signal,
    });
    if (!result.met) {
      throw timeoutError({
        waitedFor: `${passes} passes of the guest over its memory`,
        timeoutMs: patience.memoryMs,
        lastSeen: `${passed} passes`,
        side: source.side,
      });
    }
    const now = Number(result.last);
    passed += (now - last + 256) % 256;
    last = now;
  }
}

/** Lets a migration that was held back converge once the guest's writes are noticed. */
export async function releaseTracked(pair: Pair, since: EventCursor): Promise<void> {
  await waitStatus(pair.context, pair.source, { goal: 'active', since });
  await waitTracked(pair);
  await pair.release();
}
