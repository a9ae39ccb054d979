/**
 * A migration with one combined fault: goes to the stage, lets the fault begin, lets the migration
 * go on, and judges what comes of it.
 */
import { both } from '../../../model/both.js';
import { Cancelled, pause } from '../../../model/deadline.js';
import { HarnessError } from '../../../model/errors.js';
import type { GuestRam } from '../../../memory/guest-ram.js';
import { QmpCommandError } from '../../../qmp/client.js';
import type { TestContext, TestMachine } from '../../context.js';
import type { FlowResult, Migration } from '../../migration.js';
import { soon } from '../../deadlines.js';
import { convergingRate } from '../../pair.js';
import type { Pair } from '../../pair.js';
import { prepareLive, waitGuest } from '../../steps.js';
import { trickleRate, waitDirtyTracking } from '../../tracking.js';
import { conclude } from '../conclude.js';
import type { Judged } from '../conclude.js';
import { lastStatus } from '../side-state.js';
import { begin, startFaultPair } from '../fault-flow.js';
import { usePsk } from '../../tls/tls-credentials.js';
import type { CombinedFault } from './combination.js';
import { expectedOf } from './expected.js';
import type { Expected } from './expected-rows.js';
import { fileFault } from './file-fault.js';
import { isOfHost, kinds } from './kinds.js';
import { concludePostcopy, runAtDestination } from './postcopy-fault.js';
import { untilSettled } from './settle.js';
import { initialFaults, strike } from './strike.js';

/** in the order in which QEMU takes them */
export function capabilitiesOf({ mode, answers }: CombinedFault): string[] {
  return [
    ...(answers === 'return-path' ? ['return-path'] : []),
    ...(mode === 'multifd' ? ['multifd'] : []),
    ...(mode === 'postcopy' || mode === 'preempt' ? ['postcopy-ram'] : []),
    ...(mode === 'preempt' ? ['postcopy-preempt'] : []),
  ];
}

/** a state that a side may pass through does not count */
const lastsMs = 1500;

export async function combinedFault(
  context: TestContext,
  fault: CombinedFault,
): Promise<FlowResult> {
  const killed = new Set<TestMachine>();
  const judged: Judged = { ...expectedOf(fault), profile: fault.profile, killed, lastsMs };
  if (fault.mode === 'file') return await fileFault(context, fault, judged, killed);
  const pair = await startFaultPair(context, {
    profile: fault.profile,
    transport: fault.transport === 'unix' ? 'unix' : 'tcp',
    capabilities: capabilitiesOf(fault),
  });
  // QEMU reads them when the source connects
  if (fault.transport === 'tls') await usePsk(pair);
  context.observer.phase('warm-up');
  await waitGuest(pair);
  await prepareLive(pair);
  // before a wait that the fault may end opens it
  await both(openRam(pair.source), openRam(pair.destination));

  context.observer.phase('migrate');
  const isRunning = fault.stage === 'postcopy' || fault.stage === 'recovery';
  if (isRunning) {
    const migration = await runAtDestination(pair, fault, killed);
    return await concludePostcopy(pair, migration, fault, judged);
  }
  const migration = await disturbed(pair, fault, killed);
  await untilSettled(pair, kinds[fault.fault].meaning === 'slows');
  if (hasBegun(pair, fault)) return await conclude(pair, migration, judged);
  // it met no traffic: the direction carried less
  await untilSettled(pair, true);
  const isIdle = !hasBegun(pair, fault);
  return await conclude(pair, migration, isIdle ? { ...judged, ...undisturbed(fault) } : judged);
}

/** False if a fault of a channel has not begun, or began when both sides were done. */
function hasBegun({ wire, source, destination }: Pair, { channel }: CombinedFault): boolean {
  if (channel === 'process' || wire === undefined) return true;
  const directions = wire.connections.flatMap(({ toward }) => [toward.source, toward.destination]);
  const begun = directions.filter(({ faults }) => faults > 0);
  const isDone = [source, destination].every((machine) => lastStatus(machine) === 'completed');
  return isDone ? begun.some(({ faultMs, lastMs }) => lastMs >= faultMs) : begun.length > 0;
}

const undisturbed = (fault: CombinedFault): Expected =>
  expectedOf({ ...fault, fault: 'none', channel: 'process' });

const openRam = async (machine: TestMachine): Promise<GuestRam> =>
  await machine.ram(machine.context.stamped, machine.context.signal);

async function disturbed(
  pair: Pair,
  fault: CombinedFault,
  killed: Set<TestMachine>,
): Promise<Migration> {
  if (fault.stage === 'setup') {
    pair.faults = initialFaults(fault);
    if (isOfHost(fault.fault)) await strike(pair, fault, killed);
    const migration = await pair.migrate();
    if (isLater(fault) && !isOfHost(fault.fault)) await strike(pair, fault, killed);
    await goOn(migration);
    return migration;
  }
  const migration = await begin(pair, { stage: fault.stage as 'memory' | 'switchover' });
  if (fault.stage === 'switchover') {
    if (isLater(fault)) await letConverge(migration);
    await strike(pair, fault, killed);
    if (!isLater(fault)) await letConverge(migration);
    return migration;
  }
  await strike(pair, fault, killed);
  await goOn(migration);
  return migration;
}

/** The fault is ordered when the connection, or the switchover, has begun. */
const isLater = ({ detail, channel }: CombinedFault): boolean =>
  detail.afterMs !== undefined || channel === 'process';

/** Lets the migration converge, if there still is one and the source answers. */
async function goOn(migration: Migration): Promise<void> {
  const { context, source } = migration.pair;
  const { signal } = context;
  if (!(await answers(source, trickleRate))) return;
  const silent = new AbortController();
  const done = new AbortController();
  const watch = async (): Promise<void> => {
    while (await answers(source)) await pause(answersEveryMs, done.signal);
    silent.abort(new Cancelled());
  };
  const watching = watch().catch(() => undefined);
  try {
    await unlessOver(migration, async () => {
      await migration.whileActive(async (active) => {
        const until = AbortSignal.any([active, silent.signal]);
        await waitDirtyTracking(migration.pair, until).catch((error: unknown) => {
          if (signal.aborted || !silent.signal.aborted) throw error;
        });
      });
    });
  } finally {
    done.abort(new Cancelled());
    await watching;
  }
  await letConverge(migration);
}

const answersEveryMs = 500;

/** a QEMU whose channel stalls answers only later, or not at all */
const answersWithinMs = 3000;

/** False if it does not answer in time, or ends. @param rate to set on the occasion */
async function answers(
  source: TestMachine,
  rate?: Readonly<Record<string, number>>,
): Promise<boolean> {
  const options = { timeoutMs: soon(answersWithinMs, source.context) };
  try {
    if (rate === undefined) await source.qmp.execute('query-status', undefined, options);
    else await source.qmp.execute('migrate-set-parameters', rate, options);
    return true;
  } catch (error) {
    const isLate = error instanceof HarnessError && error.code === 'deadline';
    if (!isLate && !(await source.endedByItself())) throw error;
    return false;
  }
}

/** Does not read the values back: see there. */
async function letConverge({ pair: { source } }: Migration): Promise<void> {
  await answers(source, convergingRate);
}

/** What fails since the fault has ended the migration, or a QEMU, is no failure. */
async function unlessOver({ pair }: Migration, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof QmpCommandError || error instanceof Cancelled) throw error;
    if (error instanceof HarnessError && error.code === 'wrong-status') return;
    const { source, destination } = pair;
    const [one, other] = await both(source.endedByItself(), destination.endedByItself());
    if (!one && !other) throw error;
  }
}
