/** Tests that cancel migrations: at each status, and in the middle of one that they then repeat. */
import { contractError } from '../../../model/errors.js';
import { asString } from '../../../model/json.js';
import type { Machine } from '../../../qemu/machine.js';
import { setCapability, setParameters } from '../../../migration/commands.js';
import type { TestContext } from '../../../migration/context.js';
import { startNewDestination, startPair } from '../../../migration/pair.js';
import type { Pair } from '../../../migration/pair.js';
import { waitGuest } from '../../../migration/steps.js';
import type { FlowResult, Migration } from '../../../migration/migration.js';
import { trickleRate, untilTracked, waitDirtyTracking } from '../../../migration/tracking.js';
import { endBoth, endMachine, requireRunning } from '../../../migration/verify.js';
import { plantMarker, waitByteChange, waitMarker } from '../../../migration/waits.js';
import { waitNonZero } from '../../../migration/zero-memory.js';
import { unixSocket } from '../unix-socket.js';

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

const uri = unixSocket.connect;

async function cancel(machine: Machine): Promise<void> {
  await machine.qmp.execute('migrate_cancel');
}

/** Cancels the source's migration at a status: nothing may break, and the guest runs on. */
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
  else await (converges ? pair.ensureConverge() : pair.ensureNonConverge());
  if (!completes && !converges) await waitNonZero(pair);
  const migration = await pair.migrate();
  switch (moment) {
    case 'none':
    case 'completed':
      await untilTracked(migration);
      await pair.ensureConverge();
      await migration.until('completed');
      if (moment === 'completed') await cancel(source);
      await requireStatus(source, 'completed');
      return await migration.arrive();
    case 'failed':
      await migration.until('failed', { through: ['setup', 'failing'] });
      await cancel(source);
      await requireStatus(source, 'failed');
      break;
    case 'cancelling':
      await cancel(source);
      await migration.until('cancelling');
      // the call under test
      await cancelAndWait(migration);
      await bothGaveUp(migration);
      break;
    case 'cancelled':
      await cancelAndWait(migration);
      // the call under test
      await cancel(source);
      await bothGaveUp(migration);
      break;
    default:
      await migration.until(moment);
      await cancelAndWait(migration);
      await bothGaveUp(migration);
  }
  context.observer.phase('verify');
  await requireRunning(source, true);
  await waitByteChange(source, context.platform.range.start);
  await endBoth(pair);
  return {};
}

/** A migration that fails must not take the destination with it. */
async function listen(pair: Pair): Promise<void> {
  await pair.listen({ uri: pair.expand(uri) }, { 'exit-on-error': false });
}

async function bothGaveUp(migration: Migration): Promise<void> {
  await migration.until('failed', { side: 'destination' });
  await requireStatus(migration.pair.source, 'cancelled');
}

/** Cancels, which must be over within seconds. */
async function cancelAndWait(migration: Migration): Promise<void> {
  await cancel(migration.pair.source);
  for (const status of ['cancelling', 'cancelled']) {
    await migration.untilSoon(status, (facts) =>
      contractError('slow-cancel', 'QEMU took too long to cancel the migration', {
        ...facts,
        side: 'source',
      }),
    );
  }
}

async function requireStatus(machine: Machine, wanted: string): Promise<void> {
  const answer = await machine.qmp.execute('query-migrate');
  if (answer['status'] === wanted) return;
  throw contractError(
    'wrong-status',
    `the migration is ${asString(answer['status']) ?? 'unknown'} on the ${machine.side}, not ${wanted}`,
    { side: machine.side, waitedFor: wanted, lastSeen: JSON.stringify(answer) },
  );
}

/** more than upstream's default, so that QEMU has many channels to close */
const manyChannels = 16;

/** Cancels a migration over many channels in its middle, then repeats it with a new destination. */
export async function cancelThenMigrate(
  context: TestContext,
  capabilities: readonly string[],
): Promise<FlowResult> {
  const first = await startPair(context, { listen: 'defer' });
  const { source } = first;
  await plantMarker(source);
  await prepare(first, [source, first.destination], capabilities);

  context.observer.phase('warm-up');
  await waitGuest(first);

  context.observer.phase('migrate');
  const cancelled = await migrateHalfway(first);
  // at once: the destination ends when its connection does, however long the source takes
  await Promise.all([cancelAndWait(cancelled), endMachine(first.destination, 1)]);

  context.observer.phase('launch');
  const second = await startNewDestination(first, '-2');
  await prepare(second, [second.destination], capabilities);
  context.observer.phase('migrate');
  const migration = await migrateHalfway(second);
  await second.ensureConverge();
  await migration.until('completed');
  await migration.untilEvent('STOP');
  return await migration.arrive();
}

async function prepare(
  pair: Pair,
  machines: readonly Machine[],
  capabilities: readonly string[],
): Promise<void> {
  for (const machine of machines) {
    for (const name of capabilities) await setCapability(machine, name);
    await setParameters(machine, { 'multifd-channels': manyChannels });
    await setCapability(machine, 'multifd');
  }
  await pair.listen({ uri: 'tcp:127.0.0.1:0' });
}

/**
 * Migrates until the guest has written memory that was sent. It does not rely on the speed of the
 * guest, since a busy host may not run it: at first, sending all its memory would take 5 s, and
 * after the marker has arrived, hours.
 */
async function migrateHalfway(pair: Pair): Promise<Migration> {
  const { context, source, destination } = pair;
  await setParameters(source, { 'max-bandwidth': 20_000_000, 'downtime-limit': 1 });
  await waitNonZero(pair);
  const migration = await pair.migrate();
  await migration.whileActive(async (signal) => {
    await waitMarker(destination, signal);
    await setParameters(source, { 'max-bandwidth': 4096 });
    await waitByteChange(source, context.platform.watchAddress, signal);
    await waitDirtyTracking(pair, signal);
  });
  return migration;
}
