/** Steps that flows share: wait for the guest, prepare it, expect a refusal. */
import { contractError } from '../model/errors.js';
import type { JsonObject } from '../model/json.js';
import { QmpCommandError } from '../qmp/client.js';
import type { Machine } from '../qemu/machine.js';
import { giveTellingValues } from './arrival/telling-values.js';
import type { Pair } from './pair.js';
import { plantMarker, waitEvent, waitSerial } from './waits.js';
import { waitNonZero } from './zero-memory.js';

/**
 * Waits for the guest's first sign of life at the source, or until it has suspended itself, and
 * gives devices values to keep.
 */
export async function waitGuest(pair: Pair): Promise<void> {
  await waitSerial(pair.source);
  if (pair.settings.suspend === true) {
    // QEMU sends no events before the handshake: the run state shows a guest that suspended
    // earlier.
    const { status } = await pair.source.qmp.execute('query-status');
    if (status !== 'suspended') await waitEvent(pair.source, 'SUSPEND', 0);
  }
  // A guest that suspends itself uses the same ports just before.
  await giveTellingValues(pair.source);
}

export async function prepareLive(pair: Pair): Promise<void> {
  await pair.ensureNonConverge();
  await plantMarker(pair.source);
  await waitNonZero(pair);
}

/** Stops the source's guest, so that QEMU sends each page once. */
export async function prepareStopped(pair: Pair): Promise<void> {
  const { source } = pair;
  const since = source.qmp.events.cursor;
  await source.qmp.execute('stop');
  await waitEvent(source, 'STOP', since);
  await pair.ensureConverge();
}

/** QEMU must refuse `migrate`, with a reason. */
export async function expectRefusal(pair: Pair): Promise<void> {
  await requireRefusal(pair.source, 'migrate', await pair.target());
}

/** QEMU must refuse a command, with a reason. */
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
  throw contractError(
    'not-refused',
    `the ${machine.side} accepted a ${command} command that it should have refused`,
    { side: machine.side },
  );
}
