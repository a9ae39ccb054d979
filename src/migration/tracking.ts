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
import { setParameters } from './commands.js';
import type { Migration, Sides } from './migration.js';
import type { PairSettings } from './pair-settings.js';
import { waitGuestPasses } from './waits.js';

/** from one flush of a guest's TLB to the next (guest/x86/writer.inc) */
const passesPerFlush = 8;

/** in so many passes at least one whole pass comes after a flush */
function passesOf({ arch, stamp = 'byte' }: Platform): number {
  const inEach = guestPlatform(arch).flushedEachPass ?? [];
  return 2 * (inEach.includes(stamp) ? 1 : passesPerFlush);
}

/** whose guest writes while it is sent */
export interface Tracked extends Pick<Sides, 'context' | 'source'> {
  readonly settings: Pick<PairSettings, 'accel'>;
}

/** Waits until every writer of the source's guest has flushed its TLB, and has written all its memory since. */
export async function waitDirtyTracking(
  { context, settings, source }: Tracked,
  signal: AbortSignal = context.signal,
): Promise<void> {
  if ((settings.accel ?? context.plan.accel) !== 'tcg') return;
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

/** Slows a live migration that may end now, until the guest's writes are noticed, whichever look at them was the last. */
export async function trickleUntilTracked(migration: Migration): Promise<void> {
  const { pair } = migration;
  if (pair.settings.suspend === true) return;
  await setParameters(pair.source, trickleRate);
  await migration.whileActive(async (signal) => {
    await waitDirtyTracking(pair, signal);
  });
}

/** For a migration that began at `trickleRate`: waits until it is active, and the guest's writes are noticed. */
export async function untilTracked(migration: Migration): Promise<void> {
  await migration.until('active');
  await migration.whileActive(async (signal) => {
    await waitDirtyTracking(migration.pair, signal);
  });
}
