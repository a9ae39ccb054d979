/**
 * Waits until dirty tracking of a migration that has begun is reliable.
 *
 * Under TCG, QEMU notices a store only if the software TLB says that its page is clean. When a
 * migration begins, QEMU synchronises its dirty bitmap (11.1 with postcopy-ram twice), and resets
 * the TLB only if it finds a page that it did not have to send anyway; at that time there is none.
 * So the guest can write unnoticed to the pages that it wrote just before, until its TLB is
 * flushed, or reset in a later synchronisation. A guest that stops before that loses those writes.
 * That is a fault of QEMU, but not one that the tests are about, and it shows once in a thousand
 * times. Drover's guest flushes its TLB in every 8th pass, so the tests wait for a flush before
 * they let the migration converge.
 *
 * QEMU 7.2 seems to reset the TLB in no synchronisation: it notices new writes to a page that was
 * sent only after the guest has flushed. So there the x86 guest flushes in each pass.
 */
import { guestPlatform } from '../guest/platforms.js';
import type { Platform } from '../model/arch.js';
import { pagesOf, slicesOf } from '../model/stamps.js';
import type { Slice, StampedRange } from '../model/stamps.js';
import { setParameters } from './commands.js';
import type { Migration, Sides } from './migration.js';
import type { PairSettings } from './pair-settings.js';
import { waitGuestPasses } from './waits.js';

/** passes between two flushes of a guest's TLB (guest/x86/writer.inc) */
const passesPerFlush = 8;

/** this many passes contain a flush, and a whole pass after it unless the guest flushes in each */
function passesOf({ arch, stamp = 'byte', hot, flushesEachPass = false }: Platform): number {
  const inEach = guestPlatform(arch).flushedEachPass ?? [];
  const isFlushed = hot !== undefined || flushesEachPass || inEach.includes(stamp);
  return 2 * (isFlushed ? 1 : passesPerFlush);
}

/**
 * A guest with a hot part flushes before each pass over that and before each piece of the rest. It
 * writes no page twice between two flushes, so what it wrote just before the migration began is
 * written again only after a flush; passes over the hot part show that there was one.
 */
function watchedSlices(stamped: StampedRange): readonly Slice[] {
  return slicesOf(stamped).filter(({ part }) => part !== 'cold');
}

/** a source whose guest runs during the migration */
export interface Tracked extends Pick<Sides, 'context' | 'source'> {
  readonly settings: Pick<PairSettings, 'accel'>;
}

/**
 * Waits until every writer of the source's guest has flushed its TLB, and where it does so in every
 * 8th pass only, has written all its memory since.
 */
export async function waitDirtyTracking(
  { context, settings, source }: Tracked,
  signal: AbortSignal = context.signal,
): Promise<void> {
  if ((settings.accel ?? context.plan.accel) !== 'tcg') return;
  const { platform, deadlines, stamped } = context;
  const passes = passesOf(platform);
  const { pacePagesPerSecond } = platform;
  const paceMs =
    pacePagesPerSecond === undefined ? 0 : (passes * pagesOf(stamped) * 1000) / pacePagesPerSecond;
  const ram = await source.ram(stamped, signal);
  const timeoutMs = deadlines.memoryMs + 2 * paceMs;
  await Promise.all(
    watchedSlices(stamped).map(async ({ start }) => {
      await waitGuestPasses(source, { ram, address: start, passes, timeoutMs, signal });
    }),
  );
}

/**
 * So slow that no migration ends before its guest has flushed, even if a busy host rarely runs the
 * guest.
 */
export const trickleRate = { 'max-bandwidth': 1_000_000, 'downtime-limit': 1 } as const;

/** Slows a live migration down until dirty tracking is reliable; then it may converge. */
export async function trickleUntilTracked(migration: Migration): Promise<void> {
  const { pair } = migration;
  if (pair.settings.suspend === true) return;
  await setParameters(pair.source, trickleRate);
  await migration.whileActive(async (signal) => {
    await waitDirtyTracking(pair, signal);
  });
}

/**
 * For a migration that began at `trickleRate`: waits until it is active and dirty tracking is
 * reliable.
 */
export async function untilTracked(migration: Migration): Promise<void> {
  await migration.until('active');
  await migration.whileActive(async (signal) => {
    await waitDirtyTracking(migration.pair, signal);
  });
}
