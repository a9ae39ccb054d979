/**
 * A COLO pair: after each checkpoint both guests run on from the same state. Then one side is lost,
 * and the other must go on alone, with its memory intact.
 */
import { asString } from '../../../model/json.js';
import { pollUntil } from '../../../model/deadline.js';
import { contractError } from '../../../model/errors.js';
import type { TestContext, TestMachine } from '../../../migration/context.js';
import type { FlowResult } from '../../../migration/migration.js';
import { startPair } from '../../../migration/pair.js';
import { waitGuest } from '../../../migration/steps.js';
import { endMachine, verifyMemory } from '../../../migration/verify.js';
import { waitEvent, waitSerial } from '../../../migration/waits.js';

export interface FailOver {
  readonly multifd: boolean;
  /** the primary is the source, the secondary the destination */
  readonly survivor: 'primary' | 'secondary';
  /** the other side is lost while a checkpoint is made, not between two */
  readonly inCheckpoint: boolean;
}

/** milliseconds from one checkpoint to the next */
const checkpointDelay = 300;
/** this many before one side is lost */
const checkpoints = 3;

export async function failOver(context: TestContext, wish: FailOver): Promise<FlowResult> {
  const { multifd, survivor, inCheckpoint } = wish;
  const address = 'tcp:127.0.0.1:0';
  const pair = await startPair(context, {
    ...(multifd ? { incoming: address } : { listen: address }),
    capabilities: ['return-path', 'x-colo', ...(multifd ? ['multifd'] : [])],
    parameters: multifd ? { 'multifd-compression': 'none' } : {},
    sourceParameters: { 'x-checkpoint-delay': checkpointDelay },
    oob: true,
  });
  const { source, destination } = pair;
  context.observer.phase('warm-up');
  await waitGuest(pair);
  await pair.ensureConverge();

  context.observer.phase('migrate');
  const migration = await pair.migrate();
  await migration.until('colo');
  await migration.untilEvent('RESUME', 'destination');
  await requireMode(source, 'primary');
  await requireMode(destination, 'secondary');
  for (let count = 0; count < checkpoints; count++) {
    const since = destination.qmp.events.cursor;
    await waitEvent(destination, 'RESUME', since);
    // each guest runs on after the checkpoint
    for (const machine of [source, destination]) await waitSerial(machine, machine.serial.length);
  }
  if (inCheckpoint) await waitEvent(destination, 'STOP', destination.qmp.events.cursor);

  const [stays, goes] = survivor === 'primary' ? [source, destination] : [destination, source];
  const since = stays.qmp.events.cursor;
  await stays.qmp.execute('yank', { instances: [{ type: 'migration' }] }, { oob: true });
  await stays.qmp.execute('x-colo-lost-heartbeat');
  await waitEvent(stays, 'COLO_EXIT', since);
  await migration.until('completed', { side: stays.side });
  await waitRunning(stays);
  await waitSerial(stays, stays.serial.length);

  // the other guest runs on too, as nobody told it
  await endMachine(goes);
  context.observer.phase('verify');
  const verdict = await verifyMemory(stays);
  await endMachine(stays);
  return { verdict };
}

/** QEMU continues the guest after it has reported the end. */
async function waitRunning({ qmp, side, context }: TestMachine): Promise<void> {
  const { deadlines, signal } = context;
  const wait = { timeoutMs: deadlines.eventMs, signal, everyMs: 20 };
  await pollUntil({ waitedFor: 'the guest to run on alone', side, ...wait }, async () => {
    const { status, running } = await qmp.execute('query-status');
    return running === true ? undefined : `run state ${String(asString(status))}`;
  });
}

async function requireMode(machine: TestMachine, mode: 'primary' | 'secondary'): Promise<void> {
  const seen = asString((await machine.qmp.execute('query-colo-status'))['mode']);
  if (seen === mode) return;
  throw contractError('wrong-colo-mode', `the ${machine.side} is in COLO mode ${String(seen)}`, {
    side: machine.side,
    waitedFor: mode,
    lastSeen: String(seen),
  });
}
