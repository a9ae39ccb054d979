/**
 * The rule that exactly one side's guest runs: both sides are observed once a fault has done its
 * work, the migration is ended by the mildest means that helps, and the guest that survives must
 * have its memory.
 */
import { both } from '../../model/both.js';
import { pause, pollUntil } from '../../model/deadline.js';
import { contractError } from '../../model/errors.js';
import type { HarnessError } from '../../model/errors.js';
import type { EndPair, FaultReport, Hazard, Rung } from '../../model/fault-report.js';
import { QmpCommandError } from '../../qmp/client.js';
import type { QmpEvent } from '../../qmp/events.js';
import type { TestMachine } from '../context.js';
import { soon } from '../deadlines.js';
import type { FlowResult, Migration } from '../migration.js';
import type { Pair } from '../pair.js';
import { endMachine, requireStarts, verifyMemory, verifyStopped } from '../verify.js';
import { waitEvent } from '../waits.js';
import type { FaultCase } from './fault-table.js';
import { endMigration } from './ladder.js';
import { observe } from './side-state.js';
import type { Observed, Observing } from './side-state.js';

export interface Judged
  extends Pick<FaultCase, 'profile' | 'before' | 'rungs' | 'after'>, Observing {
  /** a state in which not exactly one guest runs must last this long to count, milliseconds */
  readonly lastsMs?: number;
}

/** The fault has done its work: holds what came of it to the table, and ends the migration. */
export async function conclude(
  pair: Pair,
  migration: Migration,
  fault: Judged,
): Promise<FlowResult> {
  const { source } = pair;
  pair.context.observer.phase('verify');
  const before = await settled(pair, fault, 'before');
  const isKilled = fault.killed?.has(source) === true;
  const { rung, ms: rungMs } = isKilled ? noRung : await endMigration(source);
  requireRung(rung, fault);
  const isGone = isKilled || rung === 'SIGKILL';
  const known = isGone ? { ...fault, killed: new Set([...(fault.killed ?? []), source]) } : fault;
  if (fault.profile === 'managed') await manage(pair, known);
  const after = await settled(pair, known, 'after', rung);
  const hazards = isGone ? [] : await resolve(pair, after);
  const report = {
    ...{ before: pairOf(before), rung, rungMs, after: pairOf(after), hazards },
    commitMs: fault.profile === 'bare' ? commitMs(pair) : undefined,
  };
  return await endFault(migration, after, report);
}

const noRung = { rung: 'none', ms: 0 } as const;
const lookMs = 25;

export interface BothSides {
  readonly source: Observed;
  readonly destination: Observed;
}

export const pairOf = ({ source, destination }: BothSides): EndPair =>
  `${source.state}/${destination.state}`;

export const runningOf = ({ source, destination }: BothSides): number =>
  [source, destination].filter(({ state }) => state === 'runs').length;

/** the end of a fault is what it was this long */
const stableMs = 250;
/** until a state that a side passes through has passed */
const settlesWithinMs = 10_000;

/** Observes both sides until they are in a state that the table lists. */
export async function settled(
  { context, source, destination }: Pair,
  fault: Pick<Judged, 'before' | 'after' | 'lastsMs' | keyof Observing>,
  which: 'before' | 'after',
  rung: Rung = 'none',
): Promise<BothSides> {
  const listed = fault[which];
  const lastsMs = which === 'after' ? soon(fault.lastsMs ?? 0, context) : 0;
  const deadline = performance.now() + soon(settlesWithinMs, context) + lastsMs;
  let last = '';
  let sinceMs = performance.now();
  for (;;) {
    const [one, other] = await both(observe(source, fault), observe(destination, fault));
    const sides = { source: one, destination: other };
    const nowMs = performance.now();
    if (pairOf(sides) !== last) sinceMs = nowMs;
    last = pairOf(sides);
    // a second guest may start late
    const needMs = runningOf(sides) === 1 ? (which === 'after' ? stableMs : 0) : lastsMs;
    const isSure = nowMs - sinceMs >= needMs;
    if (listed.includes(pairOf(sides)) && isSure) return sides;
    if (nowMs > deadline) {
      const when =
        which === 'before'
          ? 'before anybody acted'
          : `after ${rung === 'none' ? 'the fault' : rung}`;
      throw wrongEnd(sides, listed, when);
    }
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

export function requireRung(rung: Rung, { rungs }: Pick<Judged, 'rungs'>): void {
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
export async function manage({ context, source, destination }: Pair, fault: Judged): Promise<void> {
  const isKilled = fault.killed?.has(source) === true;
  const status = isKilled ? 'completed' : (await source.qmp.execute('query-migrate'))['status'];
  if (status === 'completed') {
    const { state } = await observe(destination, fault);
    if (state === 'paused') await destination.qmp.execute('cont');
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
export function lastMs({ qmp }: TestMachine, name: string): number {
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
export async function resolve({ source, destination }: Pair, after: BothSides): Promise<Hazard[]> {
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
export async function endFault(
  migration: Migration,
  after: BothSides,
  fault: FaultReport,
): Promise<FlowResult> {
  const { source, destination } = migration.pair;
  const { figures } = migration;
  const isHazard = fault.hazards.length > 0 && after.destination.state !== 'runs';
  const isSource = after.source.state === 'runs' || isHazard;
  if (!isSource && after.destination.state !== 'runs') {
    // The guest is gone with the side that had it, which is what the table allows.
    // A destination whose guest waits for pages does not quit when asked.
    for (const machine of [source, destination]) await machine[Symbol.asyncDispose]();
    return { figures, fault: { ...fault, lost: true } };
  }
  const [survivor, other] = isSource ? [source, destination] : [destination, source];
  // A hazard may have stopped it.
  const isStopped = after[survivor.side].state === 'runs' && fault.hazards.length > 0;
  const verdict = await (isStopped && after.destination.state !== 'runs'
    ? verifyStopped(survivor)
    : verifyMemory(survivor));
  if (!verdict.intact) return { verdict, damagedSide: survivor.side };
  if (after.destination.state === 'runs' && isSource) {
    const second = await verifyStopped(destination);
    if (!second.intact) return { verdict: second };
  }
  if (after.source.state !== 'gone') requireStarts(source, 1);
  if (after.destination.state !== 'gone') requireStarts(destination, 0);
  await endOther(other, after[other.side]);
  await endMachine(survivor);
  return { verdict, figures, fault };
}

/** What is left of a migration that failed has nothing to lose. */
async function endOther(machine: TestMachine, { state, runState }: Observed): Promise<void> {
  if (state === 'gone') return;
  // It does not answer QMP, or its guest waits for pages, and then QEMU does not quit.
  const isStuck = runState === undefined || (state === 'incomplete' && runState === 'running');
  if (isStuck) await machine[Symbol.asyncDispose]();
  else await machine.end();
}
