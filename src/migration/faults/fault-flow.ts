/**
 * A migration whose connections Drover disturbs, and the rule that exactly one side's guest runs:
 * both sides are observed once the fault has done its work, the migration is ended by the mildest
 * means that helps, and the guest that survives must have its memory.
 */
import { both } from '../../model/both.js';
import { pause, pollUntil } from '../../model/deadline.js';
import { contractError } from '../../model/errors.js';
import type { HarnessError } from '../../model/errors.js';
import type { EndPair, FaultReport, Hazard, Rung } from '../../model/fault-report.js';
import { QmpCommandError } from '../../qmp/client.js';
import type { QmpEvent } from '../../qmp/events.js';
import type { TestContext, TestMachine } from '../context.js';
import { soon } from '../deadlines.js';
import type { FlowResult, Migration, Sides } from '../migration.js';
import { Pair, setUp } from '../pair.js';
import { prepareLive, waitGuest } from '../steps.js';
import { trickleUntilTracked } from '../tracking.js';
import { endMachine, requireStarts, verifyMemory, verifyStopped } from '../verify.js';
import { waitByteChange, waitEvent, waitMarker } from '../waits.js';
import type { Wire } from '../wire.js';
import type { Effect, FaultCase } from './fault-table.js';
import { endMigration } from './ladder.js';
import { observe } from './side-state.js';
import type { Observed } from './side-state.js';

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

/** The fault has done its work: holds what came of it to the table, and ends the migration. */
export async function conclude(
  pair: Pair,
  migration: Migration,
  fault: Pick<FaultCase, 'profile' | 'before' | 'rungs' | 'after'>,
): Promise<FlowResult> {
  pair.context.observer.phase('verify');
  const before = await settled(pair, fault.before, 'before anybody acted');
  const { rung, ms: rungMs } = await endMigration(pair.source);
  requireRung(rung, fault);
  if (fault.profile === 'managed') await manage(pair);
  const after = await settled(pair, fault.after, `after ${rung === 'none' ? 'the fault' : rung}`);
  const hazards = await resolve(pair, after);
  const report = {
    ...{ before: pairOf(before), rung, rungMs, after: pairOf(after), hazards },
    commitMs: fault.profile === 'bare' ? commitMs(pair) : undefined,
  };
  return await endFault(migration, after, report);
}

interface BothSides {
  readonly source: Observed;
  readonly destination: Observed;
}

const pairOf = ({ source, destination }: BothSides): EndPair =>
  `${source.state}/${destination.state}`;

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

/** until a state that a side passes through has passed */
const settlesWithinMs = 10_000;

/** Observes both sides until they are in a state that the table lists. */
async function settled(
  { context, source, destination }: Pair,
  listed: readonly EndPair[],
  when: string,
): Promise<BothSides> {
  const deadline = performance.now() + soon(settlesWithinMs, context);
  for (;;) {
    const [one, other] = await both(observe(source), observe(destination));
    const sides = { source: one, destination: other };
    if (listed.includes(pairOf(sides))) return sides;
    if (performance.now() > deadline) throw wrongEnd(sides, listed, when);
    await pause(lookMs, context.signal);
  }
}

function wrongEnd(sides: BothSides, listed: readonly EndPair[], when: string): HarnessError {
  const [source, destination] = pairOf(sides).split('/');
  return contractError(
    'wrong-end-state',
    `${when}, the source is ${source} and the destination ${destination}; expected: ${listed.join(' or ')}`,
    { waitedFor: listed.join(' or '), lastSeen: JSON.stringify(sides) },
  );
}

function requireRung(rung: Rung, { rungs }: Pick<FaultCase, 'rungs'>): void {
  if (rungs.includes(rung)) return;
  throw contractError(
    'wrong-rung',
    `it took ${rung === 'none' ? 'nothing' : rung} to end the migration; expected: ${rungs.join(' or ')}`,
    { side: 'source', waitedFor: rungs.join(' or '), lastSeen: rung },
  );
}

/**
 * What a manager does with a destination that waits for it: it lets that one run after the source
 * has completed, and else the source, unless QEMU does. QEMU refuses that for a moment after the
 * status of a migration that failed.
 */
async function manage({ context, source, destination }: Pair): Promise<void> {
  const { status } = await source.qmp.execute('query-migrate');
  if (status === 'completed') {
    if ((await observe(destination)).state === 'paused') await destination.qmp.execute('cont');
    return;
  }
  const poll = { waitedFor: 'guest that runs on', side: 'source', everyMs: lookMs } as const;
  const timeoutMs = soon(settlesWithinMs, context);
  await pollUntil({ ...poll, timeoutMs, signal: context.signal }, async () => {
    const { running } = await source.qmp.execute('query-status');
    if (running === true) return undefined;
    try {
      await source.qmp.execute('cont');
      return undefined;
    } catch (error) {
      if (error instanceof QmpCommandError) return error.message;
      throw error;
    }
  });
}

const whenMs = ({ sentAtMs, receivedAtMs }: QmpEvent): number => sentAtMs ?? receivedAtMs;

/** when a machine last sent an event */
function lastMs({ qmp }: TestMachine, name: string): number {
  const event = qmp.events.all.findLast((each) => each.name === name);
  return event === undefined ? -Infinity : whenMs(event);
}

/**
 * During this time the loss of the destination's last answer leaves QEMU with two guests that run:
 * from the destination's RESUME to the end of the source's migration.
 */
function commitMs({ source, destination }: Pair): number | undefined {
  const completed = source.qmp.events.all.find(
    ({ name, data }) => name === 'MIGRATION' && data['status'] === 'completed',
  );
  const resumed = destination.qmp.events.all.find(({ name }) => name === 'RESUME');
  if (completed === undefined || resumed === undefined) return undefined;
  return whenMs(completed) - whenMs(resumed);
}

/** If not exactly one guest runs, sees to it that the source's does. @returns what that was */
async function resolve({ source, destination }: Pair, after: BothSides): Promise<Hazard[]> {
  const states = [after.source.state, after.destination.state];
  const running = states.filter((state) => state === 'runs').length;
  if (running === 1) return [];
  const [machine, command, event] =
    running === 2
      ? ([destination, 'stop', 'STOP'] as const)
      : ([source, 'cont', 'RESUME'] as const);
  const since = machine.qmp.events.cursor;
  await machine.qmp.execute(command);
  await waitEvent(machine, event, since);
  const sinceMs =
    running === 2
      ? Math.max(lastMs(source, 'RESUME'), lastMs(destination, 'RESUME'))
      : lastMs(source, 'STOP');
  const ms = Math.round(lastMs(machine, event) - sinceMs);
  return [{ kind: running === 2 ? 'both-run' : 'neither-runs', ms }];
}

/** Verifies the guest that is left, and ends both QEMUs. */
async function endFault(
  migration: Migration,
  after: BothSides,
  fault: FaultReport,
): Promise<FlowResult> {
  const { source, destination } = migration.pair;
  const isSource = after.source.state === 'runs' || fault.hazards.length > 0;
  const [survivor, other] = isSource ? [source, destination] : [destination, source];
  const verdict = await verifyMemory(survivor);
  if (!verdict.intact) return { verdict, damagedSide: survivor.side };
  if (after.destination.state === 'runs' && isSource) {
    const second = await verifyStopped(destination);
    if (!second.intact) return { verdict: second };
  }
  requireStarts(source, 1);
  if (after.destination.state !== 'gone') requireStarts(destination, 0);
  await endOther(other, after[other.side]);
  await endMachine(survivor);
  return { verdict, figures: migration.figures, fault };
}

/** What is left of a migration that failed has nothing to lose. */
async function endOther(machine: TestMachine, { state, runState }: Observed): Promise<void> {
  if (state === 'gone') return;
  // It does not answer QMP.
  if (runState === undefined) await machine[Symbol.asyncDispose]();
  else await machine.end();
}
