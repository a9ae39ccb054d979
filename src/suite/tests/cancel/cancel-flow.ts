/** Migrations that are cancelled: once at each status, and in the middle of one that is then done again. */
import { HarnessError } from '../../../model/errors.js';
import { asString } from '../../../model/json.js';
import type { EventCursor } from '../../../qmp/events.js';
import type { Machine } from '../../../qemu/machine.js';
import {
  figuresOf,
  migrate,
  migrateIncoming,
  setCapability,
  setParameters,
} from '../../../migration/commands.js';
import type { TestContext } from '../../../migration/context.js';
import { startNewDestination, startPair } from '../../../migration/pair.js';
import type { Pair } from '../../../migration/pair.js';
import { arrive, endBoth, waitGuest } from '../../../migration/steps.js';
import type { FlowResult } from '../../../migration/steps.js';
import { releaseTracked, trickleRate, waitTracked } from '../../../migration/tracking.js';
import { endMachines } from '../../../migration/verify.js';
import {
  plantMarker,
  waitByteChange,
  waitEvent,
  waitMarker,
  waitStatus,
  whileMigrating,
} from '../../../migration/waits.js';
import { waitNonZero } from '../../../migration/zero-memory.js';

export const cancelMoments = [
  'none',
  'setup',
  'active',
  'pre-switchover',
  'cancelling',
  'cancelled',
  'completed',
  'failed',
] as const;
export type CancelMoment = (typeof cancelMoments)[number];

const uri = 'unix:$DIR/migsocket';

async function cancel(machine: Machine): Promise<void> {
  await machine.qmp.execute('migrate_cancel');
}

/** The source's migration is cancelled when it tells a status: nothing may break, and the guest goes on. */
export async function cancelAfter(context: TestContext, moment: CancelMoment): Promise<FlowResult> {
  const pair = await startPair(context, { listen: 'defer', connect: uri });
  const { source, destination } = pair;
  if (moment === 'none') await cancel(destination);
  if (moment === 'setup' || moment === 'active' || moment === 'pre-switchover') {
    for (const name of ['pause-before-switchover', 'multifd']) {
      await setCapability(source, name);
      await setCapability(destination, name);
    }
  }
  const destinationSince = destination.qmp.events.cursor;
  if (moment !== 'failed' && moment !== 'none') await listen(pair);
  context.observer.phase('warm-up');
  await waitGuest(pair);

  context.observer.phase('migrate');
  if (moment === 'none') {
    await cancel(source);
    await listen(pair);
  }
  const converges = ['failed', 'pre-switchover'].includes(moment);
  const completes = ['none', 'completed'].includes(moment);
  if (completes) await setParameters(source, trickleRate);
  else await (converges ? pair.release() : pair.hold());
  if (!completes && !converges) await waitNonZero(pair);
  const since = await migrate(source, await pair.target());
  switch (moment) {
    case 'none':
    case 'completed': {
      await releaseTracked(pair, since);
      const answer = await waitStatus(context, source, { goal: 'completed', since });
      if (moment === 'completed') await cancel(source);
      await requireStatus(source, 'completed');
      return await arrive(pair, destinationSince, figuresOf(answer));
    }
    case 'failed':
      await waitStatus(context, source, { goal: 'failed', through: ['setup', 'failing'], since });
      await cancel(source);
      await requireStatus(source, 'failed');
      break;
    case 'cancelling':
    case 'cancelled':
      await cancel(source);
      await waitStatus(context, source, { goal: moment, since });
      // the call in question
      await cancel(source);
      await bothGaveUp(pair, since, destinationSince);
      break;
    default:
      await waitStatus(context, source, { goal: moment, since });
      await cancel(source);
      await waitStatus(context, source, { goal: 'cancelling', since });
      await bothGaveUp(pair, since, destinationSince);
  }
  context.observer.phase('verify');
  await waitByteChange(context, source, context.platform.range.start);
  await endBoth(pair);
  return {};
}

/** A migration that fails must not take the destination with it. */
async function listen(pair: Pair): Promise<void> {
  const { context, destination } = pair;
  const { patience, signal } = context;
  const extra = { 'exit-on-error': false };
  await migrateIncoming(destination, { uri: pair.expand(uri) }, patience.eventMs, signal, extra);
}

async function bothGaveUp(
  { context, source, destination }: Pair,
  since: EventCursor,
  destinationSince: EventCursor,
): Promise<void> {
  await waitStatus(context, source, { goal: 'cancelled', since });
  await waitStatus(context, destination, { goal: 'failed', since: destinationSince });
  await requireStatus(source, 'cancelled');
}

async function requireStatus(machine: Machine, wanted: string): Promise<void> {
  const answer = await machine.qmp.execute('query-migrate');
  if (answer['status'] === wanted) return;
  throw new HarnessError({
    code: 'wrong-status',
    blame: 'contract',
    message: `the migration is ${asString(answer['status']) ?? 'unknown'} on the ${machine.side}, not ${wanted}`,
    side: machine.side,
    waitedFor: wanted,
    lastSeen: JSON.stringify(answer),
  });
}

/** more than upstream's usual, so that there is much to take down */
const manyChannels = 16;

/** A migration over many channels is cancelled in its middle, and then done again with a new destination. */
export async function cancelThenMigrate(
  context: TestContext,
  capabilities: readonly string[],
): Promise<FlowResult> {
  const first = await startPair(context, { listen: 'defer' });
  const { source } = first;
  await plantMarker(context, source);
  await prepare(first, [source, first.destination], capabilities);

  context.observer.phase('warm-up');
  await waitGuest(first);

  context.observer.phase('migrate');
  const since = await migrateHalfway(first);
  await cancel(source);
  await endMachines(context, [{ machine: first.destination, status: 1 }]);
  await waitStatus(context, source, { goal: 'cancelled', since });

  context.observer.phase('launch');
  const second = await startNewDestination(first, '-2');
  await prepare(second, [second.destination], capabilities);
  context.observer.phase('migrate');
  const destinationSince = second.destination.qmp.events.cursor;
  const again = await migrateHalfway(second);
  await second.release();
  const answer = await waitStatus(context, source, { goal: 'completed', since: again });
  await waitEvent(context, source, 'STOP', again);
  return await arrive(second, destinationSince, figuresOf(answer));
}

async function prepare(
  { context, destination }: Pair,
  machines: readonly Machine[],
  capabilities: readonly string[],
): Promise<void> {
  for (const machine of machines) {
    for (const name of capabilities) await setCapability(machine, name);
    await setParameters(machine, { 'multifd-channels': manyChannels });
    await setCapability(machine, 'multifd');
  }
  const { patience, signal } = context;
  await migrateIncoming(destination, { uri: 'tcp:127.0.0.1:0' }, patience.eventMs, signal);
}

/**
 * Until memory was sent, and written again after that. How fast the guest writes is not relied upon, since a busy host may
 * let it stand still: at first all its memory would take 5 s, and once the marker is through, hours.
 */
async function migrateHalfway(pair: Pair): Promise<EventCursor> {
  const { context, source, destination } = pair;
  await setParameters(source, { 'max-bandwidth': 20_000_000, 'downtime-limit': 1 });
  await waitNonZero(pair);
  const since = await migrate(source, await pair.target());
  await whileMigrating(pair, context, since, async (signal) => {
    await waitMarker(context, destination, signal);
    await setParameters(source, { 'max-bandwidth': 4096 });
    await waitByteChange(context, source, context.platform.watchAddress, signal);
    await waitTracked(pair, signal);
  });
  return since;
}
