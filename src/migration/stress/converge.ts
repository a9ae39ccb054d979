/**
 * Sees a live migration to its end. Once all memory has been sent, it has `patienceMs` to fit into the downtime that was asked
 * for; after that any downtime will do, and the round is marked as forced: a guest that writes faster than can be sent is a fact
 * about the pair, not an error.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Cancelled } from '../../model/deadline.js';
import { asString } from '../../model/json.js';
import type { JsonObject } from '../../model/json.js';
import { endStatuses } from '../../model/outcome.js';
import type { EventCursor, QmpEvent } from '../../qmp/events.js';
import { setParameters } from '../commands.js';
import type { Pair } from '../pair.js';
import { waitEvent, waitStatus, whileAlive } from '../waits.js';

/** as much as a host can carry, bytes per second; QEMU takes 0 for "unlimited" only from 6.0 on, and tells it so */
export const fullRate = 100_000_000_000;
/** whatever is left fits into it, milliseconds; the most that QEMU takes is 2,000,000 */
const anyDowntimeMs = 600_000;

export interface Converged {
  /** what query-migrate told once the migration was complete */
  readonly answer: JsonObject;
  readonly forced: boolean;
}

export interface ConvergeWish {
  readonly since: EventCursor;
  readonly patienceMs: number;
}

export async function converge(pair: Pair, wish: ConvergeWish): Promise<Converged> {
  const { context, source, destination } = pair;
  const over = new AbortController();
  const signal = AbortSignal.any([context.signal, over.signal]);
  let forced = false;
  const release = async (): Promise<void> => {
    await firstPassEnds(pair, wish.since, signal);
    await sleep(wish.patienceMs, undefined, { signal });
    forced = true;
    await setParameters(source, { 'downtime-limit': anyDowntimeMs });
  };
  return await whileAlive([source, destination], context, async () => {
    const ended = waitStatus(context, source, { goal: 'completed', since: wish.since });
    const released = release().catch((error: unknown) => {
      // once the migration is over there is nothing to release
      if (!over.signal.aborted) throw error;
    });
    try {
      const answer = await Promise.race([ended, released.then(async () => await ended)]);
      return { answer, forced };
    } finally {
      over.abort(new Cancelled());
      await Promise.allSettled([ended, released]);
    }
  });
}

/** QEMU tells the beginning of each pass, the first is number 1. Or the migration ends. */
async function firstPassEnds(
  { context, source }: Pair,
  since: EventCursor,
  signal: AbortSignal,
): Promise<QmpEvent> {
  return await source.qmp.events.wait(
    ({ name, data }) =>
      (name === 'MIGRATION_PASS' && Number(data['pass']) >= 2) ||
      (name === 'MIGRATION' && endStatuses.includes(asString(data['status']) ?? '')),
    {
      what: 'event MIGRATION_PASS 2, the end of the first pass,',
      since,
      timeoutMs: context.patience.statusMs,
      signal,
    },
  );
}

/** Postcopy: the guest goes on at the destination once one pass over memory has been made. */
export async function convergeByPostcopy(pair: Pair, wish: ConvergeWish): Promise<Converged> {
  const { context, source, destination } = pair;
  return await whileAlive([source, destination], context, async () => {
    // A guest that writes little may be done with before.
    const { data } = await firstPassEnds(pair, wish.since, context.signal);
    if (data['status'] === undefined) {
      await source.qmp.execute('migrate-start-postcopy');
      await waitEvent(context, source, 'STOP', wish.since);
    }
    const answer = await waitStatus(context, source, { goal: 'completed', since: wish.since });
    return { answer, forced: false };
  });
}
