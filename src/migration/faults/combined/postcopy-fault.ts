/**
 * Faults while the guest already runs at the destination: what breaks a connection must end in a
 * recovery over a new one, with all memory.
 */
import { pollUntil } from '../../../model/deadline.js';
import { HarnessError } from '../../../model/errors.js';
import { pausers } from '../../../model/fault-report.js';
import type { Hazard, Pauser, Recovery } from '../../../model/fault-report.js';
import { endStatuses } from '../../../model/outcome.js';
import { QmpCommandError } from '../../../qmp/client.js';
import type { EventCursor } from '../../../qmp/events.js';
import { setParameters } from '../../commands.js';
import type { TestMachine } from '../../context.js';
import { soon } from '../../deadlines.js';
import type { FlowResult, Migration } from '../../migration.js';
import type { Pair } from '../../pair.js';
import { waitEvent, waitStatus } from '../../waits.js';
import { Wire } from '../../wire.js';
import { endFault, lastMs, pairOf, settled } from '../conclude.js';
import type { BothSides, Judged } from '../conclude.js';
import { begin } from '../fault-flow.js';
import { lastStatus } from '../side-state.js';
import type { CombinedFault } from './combination.js';
import { kinds } from './kinds.js';
import { untilSettled } from './settle.js';
import { initialFaults, strike } from './strike.js';

/** so slow that postcopy cannot end before the fault begins; bytes per second */
const trickle = 4096;
const answersWithinMs = 3000;

/** Switches over to postcopy, lets the fault begin, and then all pages flow. */
export async function runAtDestination(
  pair: Pair,
  fault: CombinedFault,
  killed: Set<TestMachine>,
): Promise<Migration> {
  const { source } = pair;
  const migration = await begin(pair, { stage: 'switchover' });
  await setParameters(source, { 'max-postcopy-bandwidth': trickle });
  await migration.whileActive(async () => {
    await source.qmp.execute('migrate-start-postcopy');
    await migration.untilEvent('STOP');
  });
  await migration.untilResumed();
  await migration.until('postcopy-active');
  if (fault.stage === 'recovery') await recoverWith(migration, pair, fault, killed);
  else await strike(pair, fault, killed);
  await letFlow(source);
  return migration;
}

/** Breaks the connection; the fault is one of the next. */
async function recoverWith(
  migration: Migration,
  pair: Pair,
  fault: CombinedFault,
  killed: Set<TestMachine>,
): Promise<void> {
  const { context, source, destination } = pair;
  const since = destination.qmp.events.cursor;
  const reset = { action: 'rst', toward: 'destination', closesSender: true } as const;
  await pair.wire?.fault(reset, context.signal);
  await migration.until('postcopy-paused');
  await waitStatus(destination, { goal: 'postcopy-paused', since });
  const uri = `unix:${context.file('migsocket-again')}`;
  await destination.qmp.execute('migrate-recover', { uri }, { oob: true });
  const wire = Wire.open(uri, context.file('wire-again'), 'plain');
  context.own(wire);
  context.watchHost(() => wire.hostTrouble);
  pair.wire = wire;
  const isLater = fault.detail.afterMs !== undefined || fault.channel === 'process';
  if (!isLater) for (const each of initialFaults(fault)) await wire.fault(each, context.signal);
  const again = source.qmp.events.cursor;
  await migration.resume({ uri: wire.uri });
  if (isLater) await strike(pair, fault, killed);
  else await untilRecovering(source, again);
}

/** By the event alone: a QEMU in a handshake that stalls may answer nothing. */
async function untilRecovering(source: TestMachine, since: EventCursor): Promise<void> {
  const { deadlines, signal } = source.context;
  await source.qmp.events.wait(
    ({ name, data }) => name === 'MIGRATION' && data['status'] === 'postcopy-recover-setup',
    { what: 'status postcopy-recover-setup', since, timeoutMs: deadlines.eventMs, signal },
  );
}

async function letFlow(source: TestMachine): Promise<void> {
  const options = { timeoutMs: soon(answersWithinMs, source.context) };
  try {
    const flow = { 'max-postcopy-bandwidth': 0 };
    await source.qmp.execute('migrate-set-parameters', flow, options);
  } catch (error) {
    const isLate = error instanceof HarnessError && error.code === 'deadline';
    if (!isLate && !(await source.endedByItself())) throw error;
  }
}

/** What came of it; a postcopy that has paused continues over a connection without faults. */
export async function concludePostcopy(
  pair: Pair,
  migration: Migration,
  fault: CombinedFault,
  judged: Judged,
): Promise<FlowResult> {
  const { source, destination } = pair;
  await untilSettled(pair, kinds[fault.fault].meaning === 'slows');
  pair.context.observer.phase('verify');
  const known = { ...judged, isPostcopy: true };
  const before = await settled(pair, known, 'before');
  const isBroken = before.source.state === 'paused' && before.destination.state === 'incomplete';
  const recovery = isBroken ? await recoverAgain(pair, migration) : undefined;
  if (source.process.status === undefined && lastStatus(source) === 'completed') {
    await waitStatus(destination, { goal: 'completed', since: migration.since.destination });
  }
  const after = await settled(pair, known, 'after');
  const hazards = await endSecondGuest(pair, after);
  const ends = { before: pairOf(before), after: pairOf(after) };
  const report = { ...ends, rung: 'none', rungMs: 0, hazards, recovery } as const;
  // where both run, the destination's is the one that went on
  const isSecond = after.source.state === 'runs' && after.destination.state === 'runs';
  const left = isSecond ? { ...after, source: { state: 'paused' } as const } : after;
  return await endFault(migration, left, report);
}

/** The destination's guest has run, and may run still: the source's must not. */
async function endSecondGuest({ source }: Pair, after: BothSides): Promise<Hazard[]> {
  if (after.source.state !== 'runs') return [];
  const since = source.qmp.events.cursor;
  await source.qmp.execute('stop');
  await waitEvent(source, 'STOP', since);
  const ms = Math.round(lastMs(source, 'STOP') - lastMs(source, 'RESUME'));
  return [{ kind: 'both-run', ms }];
}

const resumed = ['postcopy-recover-setup', 'postcopy-recover', 'postcopy-active'] as const;

/** @returns undefined if there is nothing to recover with, or no need to */
async function recoverAgain(pair: Pair, migration: Migration): Promise<Recovery | undefined> {
  const { context, source, destination } = pair;
  const pausedBy = await pauseBoth(pair);
  if (pausedBy === undefined) return undefined;
  const startMs = performance.now();
  const uri = `unix:${context.file('migsocket-recover')}`;
  if (!(await listensAgain(destination, uri))) return undefined;
  await migration.resume({ uri });
  await migration.until('completed', { through: resumed });
  await letFlow(source);
  return { pausedBy, ms: Math.round(performance.now() - startMs) };
}

/** False if the destination does not answer. */
async function listensAgain(destination: TestMachine, uri: string): Promise<boolean> {
  const timeoutMs = soon(answersWithinMs, destination.context);
  try {
    await destination.qmp.execute('migrate-recover', { uri }, { oob: true, timeoutMs });
    return true;
  } catch (error) {
    if (error instanceof HarnessError && error.code === 'deadline') return false;
    throw error;
  }
}

/** until a side has paused */
const pausesWithinMs = 3000;

/** Both must be in `postcopy-paused` before a recovery. @returns undefined if they do not come there */
async function pauseBoth(pair: Pair): Promise<Pauser | undefined> {
  const sides = [pair.source, pair.destination];
  const waiting = (): TestMachine[] =>
    sides.filter((machine) => lastStatus(machine) !== 'postcopy-paused');
  const isHopeless = (): boolean =>
    sides.some(
      (machine) =>
        machine.process.status !== undefined || endStatuses.includes(lastStatus(machine) ?? ''),
    );
  for (const pauser of pausers) {
    for (const machine of waiting()) await order(machine, pauser);
    await untilPaused(pair, () => isHopeless() || waiting().length === 0);
    if (isHopeless()) return undefined;
    if (waiting().length === 0) return pauser;
  }
  return undefined;
}

async function order(machine: TestMachine, pauser: Pauser): Promise<void> {
  if (pauser === 'itself') return;
  const args = pauser === 'yank' ? { instances: [{ type: 'migration' }] } : undefined;
  const timeoutMs = soon(answersWithinMs, machine.context);
  try {
    await machine.qmp.execute(pauser, args, { oob: true, timeoutMs });
  } catch (error) {
    // QEMU refuses it in another state: the status counts
    const isLate = error instanceof HarnessError && error.code === 'deadline';
    if (!isLate && !(error instanceof QmpCommandError) && !(await machine.endedByItself()))
      throw error;
  }
}

async function untilPaused({ context }: Pair, isDone: () => boolean): Promise<void> {
  const timeoutMs = soon(pausesWithinMs, context);
  const poll = { waitedFor: 'pause of both sides', everyMs: 20, signal: context.signal };
  try {
    await pollUntil({ ...poll, timeoutMs }, () => (isDone() ? undefined : 'not paused'));
  } catch (error) {
    if (!(error instanceof HarnessError) || error.code !== 'deadline') throw error;
  }
}
