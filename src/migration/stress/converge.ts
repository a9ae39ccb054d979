/**
 * Sees a live migration to its end. Once all memory has been sent, it has `patienceMs` to fit into the downtime that was asked
 * for; after that any downtime will do, and the round is marked as forced: a guest that writes faster than can be sent is a fact
 * about the pair, not an error.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Cancelled } from '../../model/deadline.js';
import { asString } from '../../model/json.js';
import { endStatuses } from '../../model/outcome.js';
import type { QmpEvent } from '../../qmp/events.js';
import { setParameters } from '../commands.js';
import type { Migration } from '../migration.js';
import { whileAlive } from '../waits.js';

/** as much as a host can carry, bytes per second; QEMU takes 0 for "unlimited" only from 6.0 on, and tells it so */
export const fullRate = 100_000_000_000;
/** whatever is left fits into it, milliseconds; the most that QEMU takes is 2,000,000 */
const anyDowntimeMs = 600_000;

/** @returns whether the downtime limit had to be lifted */
export async function converge(migration: Migration, patienceMs: number): Promise<boolean> {
  const { context, source } = migration.pair;
  const over = new AbortController();
  const signal = AbortSignal.any([context.signal, over.signal]);
  let forced = false;
  const release = async (): Promise<void> => {
    await firstPassEnds(migration, signal);
    await sleep(patienceMs, undefined, { signal });
    forced = true;
    await setParameters(source, { 'downtime-limit': anyDowntimeMs });
  };
  return await whileAlive(migration.pair, async () => {
    const ended = migration.until('completed');
    const released = release().catch((error: unknown) => {
      // once the migration is over there is nothing to release
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

/** QEMU tells the beginning of each pass, the first is number 1. Or the migration ends. */
async function firstPassEnds(migration: Migration, signal: AbortSignal): Promise<QmpEvent> {
  const { context, source } = migration.pair;
  return await source.qmp.events.wait(
    ({ name, data }) =>
      (name === 'MIGRATION_PASS' && Number(data['pass']) >= 2) ||
      (name === 'MIGRATION' && endStatuses.includes(asString(data['status']) ?? '')),
    {
      what: 'event MIGRATION_PASS 2, the end of the first pass,',
      since: migration.since.source,
      timeoutMs: context.patience.statusMs,
      signal,
    },
  );
}

/** Postcopy: the guest goes on at the destination once one pass over memory has been made. */
export async function convergeByPostcopy(migration: Migration): Promise<boolean> {
  const { context, source } = migration.pair;
  await whileAlive(migration.pair, async () => {
    // A guest that writes little may be done with before.
    const { data } = await firstPassEnds(migration, context.signal);
    if (data['status'] === undefined) {
      await source.qmp.execute('migrate-start-postcopy');
      await migration.untilEvent('STOP');
    }
    await migration.until('completed');
  });
  return false;
}
