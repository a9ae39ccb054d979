/** The steps that flows share: waiting for the guest, making ready, arriving, being refused. */
import { HarnessError } from '../model/errors.js';
import type { JsonObject } from '../model/json.js';
import type { LegResult, MigrationFigures } from '../model/outcome.js';
import type { MemoryVerdict } from '../model/verdict.js';
import { QmpCommandError } from '../qmp/client.js';
import type { EventCursor } from '../qmp/events.js';
import type { Machine } from '../qemu/machine.js';
import type { Hooks } from './migrate-common.js';
import { requireRunning } from './pair.js';
import type { Pair } from './pair.js';
import { endMachines, verifyMemory } from './verify.js';
import { plantMarker, waitEvent } from './waits.js';
import { waitNonZero } from './zero-memory.js';

/** What a flow that went as expected brings home. */
export interface FlowResult {
  readonly verdict?: MemoryVerdict;
  readonly figures?: MigrationFigures;
  /** of a guest that was moved several times; verdict and figures are of the last */
  readonly legs?: readonly LegResult[];
}

async function waitSerial(pair: Pair, side: 'source' | 'destination', since = 0): Promise<void> {
  const { context } = pair;
  await pair[side].serial.waitForB({
    since,
    timeoutMs: context.patience.serialMs,
    signal: context.signal,
  });
}

/** Waits until the source's guest lives; a guest that suspends itself, until it has. */
export async function waitGuest(pair: Pair): Promise<void> {
  await waitSerial(pair, 'source');
  if (pair.common.suspend !== true) return;
  // QEMU sends no events before the handshake: a guest that was quicker is seen by its run state.
  const { status } = await pair.source.qmp.execute('query-status');
  if (status !== 'suspended') await waitEvent(pair.context, pair.source, 'SUSPEND', 0);
}

export async function prepareLive(pair: Pair): Promise<void> {
  await pair.hold();
  await plantMarker(pair.context, pair.source);
  await waitNonZero(pair);
}

/** Stops the source's guest, so that the migration only has to carry it over. */
export async function prepareStopped(pair: Pair): Promise<void> {
  const { context, source } = pair;
  const since = source.qmp.events.cursor;
  await source.qmp.execute('stop');
  await waitEvent(context, source, 'STOP', since);
  await pair.release();
}

/** `migrate` must be refused, with a reason. */
export async function expectRefusal(pair: Pair): Promise<void> {
  await requireRefusal(pair.source, 'migrate', await pair.target());
}

/** A command must be refused, with a reason. */
export async function requireRefusal(
  machine: Machine,
  command: string,
  args: JsonObject,
): Promise<void> {
  try {
    await machine.qmp.execute(command, args);
  } catch (error) {
    if (error instanceof QmpCommandError && error.command === command) return;
    throw error;
  }
  throw new HarnessError({
    code: 'not-refused',
    blame: 'contract',
    message: `the ${machine.side} accepted a ${command} command that it should have refused`,
    side: machine.side,
  });
}

/**
 * The end of every migration that completes: the guest goes on at the destination (and only there),
 * its memory is whole, and both QEMUs end in good order.
 */
export async function arrive(
  pair: Pair,
  destinationSince: EventCursor,
  figures: MigrationFigures,
  endHook?: Hooks['endHook'],
): Promise<FlowResult> {
  const { context, common, source, destination } = pair;
  await waitEvent(context, destination, 'RESUME', destinationSince);
  if (common.suspend === true) await destination.qmp.execute('system_wakeup');
  await waitSerial(pair, 'destination');
  // The first sign may come right away, the second only after the guest has gone round here.
  await waitSerial(pair, 'destination', destination.serial.length);
  await requireRunning(source, false);
  await endHook?.(pair);

  context.observer.phase('verify');
  const verdict = await verifyMemory(context, destination);
  if (!verdict.intact) {
    // Damage is the news, however the QEMUs end after it.
    await endBoth(pair).catch(() => undefined);
    return { verdict, figures };
  }
  requireNoRestart(pair);
  // Two guests that run would be seen by whoever talks to them, not in either's memory.
  await requireRunning(source, false);
  await endBoth(pair);
  return { verdict, figures };
}

/**
 * A guest that starts anew writes fresh memory, which would pass any check. Only waking up is such a
 * start: on the destination once for a suspended guest, else never.
 */
function requireNoRestart({ common, source, destination }: Pair): void {
  const expected = { source: 1, destination: common.suspend === true ? 1 : 0 };
  for (const { side, serial } of [source, destination]) {
    if (serial.broken !== undefined) throw serial.broken;
    if (serial.starts === expected[side]) continue;
    throw new HarnessError({
      code: 'guest-restarted',
      blame: 'contract',
      message: `the guest started ${serial.starts} times on the ${side}, not ${expected[side]}: it was reset instead of going on`,
      side,
      waitedFor: `${expected[side]} starts`,
      lastSeen: `${serial.starts} starts`,
    });
  }
}

/** Both must still be there, and quit with status 0 when asked. */
export async function endBoth({ context, source, destination }: Pair): Promise<void> {
  await endMachines(context, [
    { machine: source, status: 0 },
    { machine: destination, status: 0 },
  ]);
}
