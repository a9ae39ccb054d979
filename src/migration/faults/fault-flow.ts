/** A migration whose connections Drover disturbs, up to the moment when that has had its effect. */
import { both } from '../../model/both.js';
import { pollUntil } from '../../model/deadline.js';
import type { TestContext } from '../context.js';
import type { FlowResult, Migration, Sides } from '../migration.js';
import { Pair, setUp } from '../pair.js';
import { prepareLive, waitGuest } from '../steps.js';
import { trickleUntilTracked } from '../tracking.js';
import { waitByteChange, waitMarker } from '../waits.js';
import type { Wire } from '../wire.js';
import { conclude } from './conclude.js';
import type { Effect, FaultCase } from './fault-table.js';

export async function faultMigration(context: TestContext, fault: FaultCase): Promise<FlowResult> {
  const pair = await startFaultPair(context, fault);
  context.observer.phase('warm-up');
  await waitGuest(pair);
  await prepareLive(pair);

  context.observer.phase('migrate');
  const migration = await begin(pair, fault);
  await disturb(migration, fault);
  return await conclude(pair, migration, fault);
}

export async function startFaultPair(
  context: TestContext,
  fault: Pick<FaultCase, 'profile' | 'transport' | 'capabilities'>,
): Promise<Pair> {
  context.observer.phase('launch');
  const firmware = context.writeGuest();
  const memory = { kind: 'anon' } as const;
  const [source, destination] = await both(
    context.startMachine({ side: 'source', memory, firmware, oob: true }),
    context.startMachine({
      ...{ side: 'destination', memory, firmware, oob: true, incoming: 'defer' },
      paused: fault.profile === 'managed',
    }),
  );
  const { capabilities = [] } = fault;
  const incoming =
    fault.transport === 'tcp' ? 'tcp:127.0.0.1:0' : `unix:${context.file('migsocket')}`;
  const pair = new Pair(context, { incoming, capabilities, wire: 'plain' }, source, destination);
  await setUp(pair, [source, destination]);
  return pair;
}

/** Migrates up to the stage of the fault. */
export async function begin(pair: Pair, { stage }: Pick<FaultCase, 'stage'>): Promise<Migration> {
  const { context, source, destination } = pair;
  const migration = await pair.migrate();
  await migration.whileActive(async (signal) => {
    await waitMarker(destination, signal);
    await waitByteChange(source, context.platform.watchAddress, signal);
  });
  if (stage === 'switchover') await trickleUntilTracked(migration);
  return migration;
}

/** Orders the faults, lets the migration go on, and waits for their effect. */
async function disturb(migration: Migration, fault: FaultCase): Promise<void> {
  const { pair } = migration;
  const { faults, until, then, stage } = fault;
  for (const each of faults) await wireOf(pair).fault(each, pair.context.signal);
  if (stage === 'switchover') await pair.ensureConverge();
  await untilEffect(migration, until);
  if (then === undefined) return;
  for (const each of then.faults) await wireOf(pair).fault(each, pair.context.signal);
  await untilEffect(migration, then.until);
}

function wireOf({ wire }: Sides): Wire {
  if (wire === undefined) throw new Error('a fault needs a wire');
  return wire;
}

async function untilEffect(migration: Migration, effect: Effect): Promise<void> {
  const { context, destination } = migration.pair;
  switch (effect) {
    case 'failed':
    case 'completed':
      await migration.until(effect);
      return;
    case 'stopped':
      await migration.untilEvent('STOP');
      return;
    case 'loaded':
      await migration.until('completed', { side: 'destination' });
      return;
    case 'exited':
      await destination.process.waitForExit(context.deadlines.statusMs, context.signal);
      return;
    case 'quiet':
      await untilQuiet(migration.pair);
  }
}

/** QEMU sends all the time until something keeps it from sending */
const quietMs = 300;
const lookMs = 25;

async function untilQuiet(pair: Sides): Promise<void> {
  const { signal, deadlines } = pair.context;
  let last = '';
  let sinceMs = performance.now();
  const poll = { waitedFor: 'a pause of all channels', timeoutMs: deadlines.statusMs, signal };
  await pollUntil({ ...poll, everyMs: lookMs }, () => {
    const seen = wireOf(pair)
      .connections.map(
        ({ toward }) => `${toward.destination.takenBytes}/${toward.source.takenBytes}`,
      )
      .join(', ');
    if (seen !== last) sinceMs = performance.now();
    last = seen;
    return performance.now() - sinceMs >= quietMs ? undefined : `bytes so far: ${seen}`;
  });
}
