/**
 * Waits for the end of a live migration. After the first iteration it has `patienceMs` to converge
 * within the downtime limit; then Drover raises the limit and marks the round as forced. That a
 * guest writes faster than QEMU can send is no error.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Cancelled, pause, timeoutError } from '../../model/deadline.js';
import { contractError } from '../../model/errors.js';
import { asString } from '../../model/json.js';
import { endStatuses } from '../../model/outcome.js';
import type { QmpEvent } from '../../qmp/events.js';
import { figuresOf, setParameters } from '../commands.js';
import type { Migration } from '../migration.js';
import { whileAlive } from '../waits.js';
import type { StressSpec } from './spec.js';

/** faster than any host, bytes per second; 0 means unlimited only from QEMU 6.0 on */
export const fullRate = 100_000_000_000;
/** whatever is left fits into it, milliseconds; QEMU accepts at most 2,000,000 */
const anyDowntimeMs = 600_000;

/** how often Drover asks how much was sent: what QEMU sends meanwhile comes on top */
const askEveryMs = 2;

/** @returns whether Drover had to raise the downtime limit */
export async function converge(migration: Migration, patienceMs: number): Promise<boolean> {
  const { context, source } = migration.pair;
  const over = new AbortController();
  const signal = AbortSignal.any([context.signal, over.signal]);
  let forced = false;
  const release = async (): Promise<void> => {
    await passesEnd(migration, 1, signal);
    await sleep(patienceMs, undefined, { signal });
    forced = true;
    await setParameters(source, { 'downtime-limit': anyDowntimeMs });
  };
  return await whileAlive(migration.pair, async () => {
    const ended = migration.until('completed');
    const released = release().catch((error: unknown) => {
      // after the end of the migration there is no limit to raise
      if (!over.signal.aborted) throw error;
    });
    try {
      await Promise.race([ended, released.then(async () => await ended)]);
      return forced;
    } finally {
      over.abort(new Cancelled());
      await Promise.allSettled([ended, released]);
    }
  });
}

/** QEMU reports the start of each iteration, from number 1 on. Or the migration ends. */
async function passesEnd(
  migration: Migration,
  passes: number,
  signal: AbortSignal,
): Promise<QmpEvent> {
  const { context, source } = migration.pair;
  return await source.qmp.events.wait(
    ({ name, data }) =>
      (name === 'MIGRATION_PASS' && Number(data['pass']) > passes) ||
      (name === 'MIGRATION' && endStatuses.includes(asString(data['status']) ?? '')),
    {
      what: `event MIGRATION_PASS ${passes + 1}, the end of iteration ${passes},`,
      since: migration.since.source,
      timeoutMs: context.deadlines.statusMs,
      signal,
    },
  );
}

/**
 * Postcopy: the guest runs at the destination after some iterations, or bytes.
 * @param sentBeforeBytes what does not count
 */
export async function convergeByPostcopy(
  migration: Migration,
  {
    postcopyAfter = 1,
    postcopyAfterBytes,
  }: Pick<StressSpec, 'postcopyAfter' | 'postcopyAfterBytes'> = {},
  sentBeforeBytes = 0,
): Promise<boolean> {
  const { source } = migration.pair;
  await whileAlive(migration.pair, async () => {
    // The migration of a guest that writes little may complete earlier.
    const isActive =
      postcopyAfterBytes === undefined
        ? await isActiveAfter(migration, postcopyAfter)
        : await isActiveWith(migration, sentBeforeBytes + postcopyAfterBytes);
    if (isActive) {
      await source.qmp.execute('migrate-start-postcopy');
      await migration.untilEvent('STOP');
    }
    await migration.until('completed');
  });
  return false;
}

/** Waits for the end of this many iterations. @returns false: the migration ended before */
async function isActiveAfter(migration: Migration, passes: number): Promise<boolean> {
  if (passes === 0) return true;
  const { data } = await passesEnd(migration, passes, migration.pair.context.signal);
  return data['status'] === undefined;
}

/** Waits until QEMU has sent this many bytes. @returns false: the migration ended before */
async function isActiveWith({ pair }: Migration, bytes: number): Promise<boolean> {
  const { context, source } = pair;
  const timeoutMs = context.deadlines.statusMs;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await source.qmp.execute('query-migrate');
    const { transferredBytes = 0 } = figuresOf(answer);
    if (endStatuses.includes(asString(answer['status']) ?? '')) return false;
    if (transferredBytes >= bytes) return true;
    if (performance.now() > deadline) {
      throw timeoutError({
        waitedFor: `ram.transferred of ${bytes} bytes, after which postcopy begins,`,
        timeoutMs,
        lastSeen: `${transferredBytes} bytes`,
        side: 'source',
      });
    }
    await pause(askEveryMs, context.signal);
  }
}

/** Drover stops the guest after this many iterations; then the rest converges by itself. */
export async function convergeByPause(migration: Migration, after: number): Promise<boolean> {
  const { context, source } = migration.pair;
  await whileAlive(migration.pair, async () => {
    if (after > 0) await passesEnd(migration, after, context.signal);
    // after the end of the migration it has no effect
    await source.qmp.execute('stop');
    await migration.until('completed');
  });
  return false;
}

/**
 * A guest that Drover stopped at the source does not continue by itself.
 * @throws HarnessError `no-pause`: the migration completed before Drover stopped the guest
 */
export async function continuePaused({ pair }: Migration): Promise<void> {
  const { destination } = pair;
  const { status } = await destination.qmp.execute('query-status');
  if (status === 'paused') {
    await destination.qmp.execute('cont');
    return;
  }
  throw contractError(
    'no-pause',
    'the migration completed before Drover stopped the guest: give a guest that writes more, or a stop after fewer iterations',
    { side: 'destination', waitedFor: 'status paused', lastSeen: JSON.stringify(status) },
  );
}

/** @throws HarnessError `no-postcopy`: the migration completed as precopy */
export function requirePostcopy({ pair, since }: Migration): void {
  const { events } = pair.source.qmp;
  const switched = events.find(
    ({ name, data }) => name === 'MIGRATION' && data['status'] === 'postcopy-active',
    since.source,
  );
  if (switched !== undefined) return;
  throw contractError(
    'no-postcopy',
    'the migration completed before postcopy began: give a guest that writes more, or an earlier switch',
    { side: 'source', waitedFor: 'event MIGRATION postcopy-active' },
  );
}
