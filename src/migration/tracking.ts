/**
 * When a guest's writes are sure to be noticed by a migration that has begun.
 *
 * Under TCG a store is noticed only where the software TLB says that its page is clean. QEMU takes down the pages written
 * so far when a migration begins (11.1 with postcopy-ram twice) and marks the TLB only if that finds a page that was not to
 * be sent anyway, which at that time none is. What the guest has written a moment before stays writable unnoticed until
 * its TLB is flushed or marked at a later look. A guest that is stopped before that loses those writes: QEMU's fault, but
 * one that has nothing to do with what the tests are about, and that shows once in a thousand times. Drover's guest
 * flushes its TLB in every 8th pass, so the tests let it come round before they let it stop.
 *
 * QEMU 7.2 does not seem to mark the TLB at any look: what is sent after a look is noticed to be written again only once
 * the guest has flushed. So the guest comes round while the migration is held, and no look but the last comes after that.
 */
import { guestPlatform } from '../guest/platforms.js';
import type { Platform } from '../model/arch.js';
import { pagesOf, slicesOf } from '../model/stamps.js';
import type { EventCursor } from '../qmp/events.js';
import { setParameters } from './commands.js';
import type { PairSettings } from './pair-settings.js';
import type { Pair } from './pair.js';
import { waitGuestPasses, waitStatus, whileMigrating } from './waits.js';

/** from one flush of a guest's TLB to the next (guest/x86/writer.inc) */
const passesPerFlush = 8;

/** in so many passes at least one whole pass comes after a flush */
function passesOf({ arch, stamp = 'byte' }: Platform): number {
  const inEach = guestPlatform(arch).flushedEachPass ?? [];
  return 2 * (inEach.includes(stamp) ? 1 : passesPerFlush);
}

/** whose guest writes while it is sent */
export interface Tracked extends Pick<Pair, 'context' | 'source'> {
  readonly common: Pick<PairSettings, 'accel'>;
}

/** Waits until every writer of the source's guest has flushed its TLB, and has written all its memory since. */
export async function waitTracked(
  { context, common, source }: Tracked,
  signal: AbortSignal = context.signal,
): Promise<void> {
  if ((common.accel ?? context.plan.accel) !== 'tcg') return;
  const { platform, patience, stamped } = context;
  const passes = passesOf(platform);
  const { pacePagesPerSecond } = platform;
  const paceMs =
    pacePagesPerSecond === undefined ? 0 : (passes * pagesOf(stamped) * 1000) / pacePagesPerSecond;
  const ram = await source.ram(stamped, signal);
  const timeoutMs = patience.memoryMs + 2 * paceMs;
  await Promise.all(
    slicesOf(stamped).map(async ({ start }) => {
      await waitGuestPasses(source, { ram, address: start, passes, timeoutMs, signal });
    }),
  );
}

/** So slow that no migration is over before its guest has come round, however rarely a busy host lets that run. */
export const trickleRate = { 'max-bandwidth': 1_000_000, 'downtime-limit': 1 } as const;

/** Holds a live migration that may end now, until the guest's writes are noticed, whichever look at them was the last. */
export async function holdTracked(pair: Pair, since: EventCursor): Promise<void> {
  const { context, common, source } = pair;
  if (common.suspend === true) return;
  await setParameters(source, trickleRate);
  await whileMigrating(pair, context, since, async (signal) => {
    await waitTracked(pair, signal);
  });
}

/** For a migration that began at `trickleRate`: lets it go on once the guest's writes are noticed. */
export async function releaseTracked(
  pair: Pair,
  since: EventCursor,
  release: () => Promise<void> = async () => {
    await pair.release();
  },
): Promise<void> {
  const { context, source } = pair;
  await waitStatus(context, source, { goal: 'active', since });
  await whileMigrating(pair, context, since, async (signal) => {
    await waitTracked(pair, signal);
  });
  await release();
}
