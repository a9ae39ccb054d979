/**
 * In which states both sides may be after a combined fault: a table, of which the first row that
 * fits holds.
 */
import type { EndPair, Rung } from '../../../model/fault-report.js';
import type { Combination } from './combination.js';
import type { Meaning } from './kinds.js';

export type Where = {
  readonly [name in keyof Combination]?: readonly Combination[name][];
} & { readonly meaning?: readonly Meaning[] };

export interface Expected {
  /** when the fault has done its work, before anybody acts */
  readonly before: readonly EndPair[];
  /** what may be needed to end a migration; a postcopy continues instead */
  readonly rungs: readonly Rung[];
  readonly after: readonly EndPair[];
}

export interface ExpectedRow extends Expected {
  readonly where: Where;
  readonly why: string;
  /** what of it is a fault of QEMU (docs/explanation/found-in-qemu.md) */
  readonly known?: string;
}

/** What a fault of QEMU adds to the row of a combination. */
export interface Addition {
  readonly where: Where;
  readonly known: string;
  readonly rungs: readonly Rung[];
  readonly after: readonly EndPair[];
}

/** before the destination can have everything */
const early = ['setup', 'memory'] as const;
const running = ['postcopy', 'recovery'] as const;
const ended = ['none', 'migrate_cancel', 'yank'] as const;

const sourceRuns = ['runs/incomplete', 'runs/gone'] as const;
/** in the switchover, before anybody acts */
const underWay = [...sourceRuns, 'paused/incomplete', 'paused/gone', 'paused/paused'] as const;
const towardDestination = {
  stage: early,
  direction: ['destination', 'both'],
  channel: ['main', 'pages', 'all'],
} as const;
const closing = [
  ...(['stall', 'half-close', 'fin', 'fin-both', 'rst', 'rst-both', 'drop'] as const),
] as const;
const completed = ['paused/paused', 'paused/runs'] as const;
const none = ['paused/incomplete', 'paused/gone'] as const;

/** the source must not run once the guest has run at the destination */
const secondGuest = ['runs/incomplete', 'runs/runs'] as const;
const broken = ['paused/incomplete'] as const;
const pausedOrOver = [...broken, 'paused/runs', ...secondGuest] as const;
/** nobody acts, and nothing changes */
const unchanged = (ends: readonly EndPair[]): Pick<ExpectedRow, 'before' | 'rungs' | 'after'> => ({
  ...{ before: ends, rungs: ['none'], after: ends },
});
const failsInPostcopy =
  'a source that has sent all fails when the connection breaks, instead of pausing: since 10.0 its guest runs again, beside that of the destination, which is lost if it lacks the rest; a recovery whose TLS handshake stalls cannot be paused any more, or leaves a destination that answers no QMP';

const endsInRecovery = `${failsInPostcopy}; since 11.1 a destination ends if the connection of a recovery breaks before its first bytes, and the guest with it`;

const handshake = {
  stage: ['setup'],
  transport: ['tls'],
  meaning: ['breaks', 'damages'],
} as const;
const stuckHandshake =
  'a TLS handshake that does not end: the guest may stand still meanwhile, and neither migrate_cancel nor yank ends the migration';

export const expectedRows: readonly ExpectedRow[] = [
  {
    where: { mode: ['file'], meaning: ['slows'] },
    why: 'the file is complete when the destination reads it',
    before: ['paused/incomplete'],
    rungs: ['none'],
    after: ['paused/runs'],
  },
  {
    where: { fault: ['disk-full'] },
    why: 'the source reports the error and its guest runs on',
    ...unchanged(['runs/incomplete']),
  },
  {
    where: { fault: ['file-size'] },
    why: 'the same; the destination refuses what is in the file',
    before: ['runs/incomplete'],
    rungs: ['none'],
    after: ['runs/gone'],
  },
  {
    where: { mode: ['file'], direction: ['source'], meaning: ['kills'] },
    why: 'the guest dies with its host; the destination refuses what is in the file',
    before: ['gone/incomplete'],
    rungs: ['none'],
    after: ['gone/gone'],
  },
  {
    where: { mode: ['file'], direction: ['destination'], meaning: ['kills'] },
    why: 'the source still has the guest, which a manager can continue',
    before: ['paused/incomplete'],
    rungs: ['none'],
    after: ['paused/gone'],
  },
  {
    where: { fault: ['descriptors'] },
    why: 'the migration fails and the guest runs on',
    before: [...sourceRuns, 'paused/incomplete'],
    rungs: ended,
    after: sourceRuns,
  },
  {
    where: { meaning: ['slows'], profile: ['managed'] },
    why: 'the migration completes',
    before: ['paused/paused'],
    rungs: ['none'],
    after: ['paused/runs'],
  },
  {
    where: { meaning: ['slows'] },
    why: 'the migration completes',
    ...unchanged(['paused/runs']),
  },
  {
    where: { stage: ['recovery'], meaning: ['breaks'] },
    why: 'both sides pause again, and continue over a new connection',
    known: endsInRecovery,
    ...unchanged([...pausedOrOver, 'paused/gone']),
  },
  {
    where: { stage: running, meaning: ['breaks'] },
    why: 'both sides pause, and continue over a new connection',
    known: failsInPostcopy,
    ...unchanged(pausedOrOver),
  },
  {
    where: { stage: running, meaning: ['damages'] },
    why: 'a destination that cannot read on ends, and the guest with it; otherwise as above, with TLS in most cases',
    known: failsInPostcopy,
    ...unchanged([...pausedOrOver, 'paused/gone']),
  },
  {
    where: { stage: running, meaning: ['kills'], direction: ['destination'] },
    why: 'the guest dies with its host',
    ...unchanged(['paused/gone']),
  },
  {
    where: { stage: running, meaning: ['kills'], direction: ['source'] },
    why: 'pages that were not sent are gone; a destination that has all runs on',
    ...unchanged(['gone/incomplete', 'gone/runs']),
  },
  {
    where: { stage: early, meaning: ['kills'], direction: ['destination'] },
    why: 'the migration fails and the guest runs on',
    before: ['runs/gone'],
    rungs: ended,
    after: ['runs/gone'],
  },
  {
    where: { stage: early, meaning: ['kills'], direction: ['source'] },
    why: 'the guest dies with its host',
    ...unchanged(['gone/incomplete', 'gone/gone']),
  },
  {
    where: { meaning: ['kills'], direction: ['destination'] },
    why: 'the source may have handed the guest over: then nobody runs until cont',
    before: ['runs/gone', 'paused/gone'],
    rungs: ended,
    after: ['runs/gone', 'paused/gone'],
  },
  {
    where: { meaning: ['kills'], direction: ['source'] },
    why: 'the guest runs on where the destination had all of it',
    before: ['gone/incomplete', 'gone/gone', 'gone/paused', 'gone/runs'],
    rungs: ['none'],
    after: ['gone/incomplete', 'gone/gone', 'gone/runs'],
  },
  {
    where: { ...handshake, direction: ['source'], profile: ['managed'] },
    why: 'exactly one side, as in the switchover',
    known: stuckHandshake,
    before: [...underWay, ...completed, 'runs/paused'],
    rungs: [...ended, 'SIGKILL'],
    after: [...sourceRuns, 'runs/paused', 'paused/runs', 'gone/incomplete', 'gone/gone'],
  },
  {
    where: { ...handshake, direction: ['source'] },
    why: 'if the last answer is lost both run',
    known: stuckHandshake,
    before: [...underWay, ...completed, 'runs/runs'],
    rungs: [...ended, 'SIGKILL'],
    after: [...sourceRuns, 'paused/runs', 'runs/runs', 'gone/incomplete', 'gone/gone'],
  },
  {
    where: { ...handshake, answers: ['return-path'] },
    why: 'the guest runs on at the source',
    known: stuckHandshake,
    before: [...sourceRuns, ...none, ...completed],
    rungs: [...ended, 'SIGKILL'],
    after: [...sourceRuns, 'paused/runs', 'gone/incomplete', 'gone/gone'],
  },
  {
    where: handshake,
    why: 'the same; without answers the source may report completed: until cont none may run',
    known: stuckHandshake,
    before: [...sourceRuns, ...none, ...completed],
    rungs: [...ended, 'SIGKILL'],
    after: [...sourceRuns, 'paused/runs', ...none, 'gone/incomplete', 'gone/gone'],
  },
  {
    where: { ...towardDestination, fault: ['flip'] },
    why: 'TLS notices it; GnuTLS may ignore one in the header of a record, and then no memory is damaged',
    before: [...sourceRuns, ...none, ...completed],
    rungs: ended,
    after: [...sourceRuns, 'paused/runs'],
  },
  {
    where: { ...towardDestination, fault: ['blackhole'], answers: ['return-path'] },
    why: 'the source may send all, and then waits for an answer: the guest runs on there',
    before: [...sourceRuns, ...none],
    rungs: ended,
    after: sourceRuns,
  },
  {
    where: { ...towardDestination, fault: ['blackhole'] },
    why: 'the source may send all and report completed: until cont none may run',
    before: [...sourceRuns, ...none],
    rungs: ended,
    after: [...sourceRuns, ...none],
  },
  {
    where: { ...towardDestination, mode: ['multifd'], fault: closing, answers: ['return-path'] },
    why: 'the other channels go on, so that the source may send all that they take; the guest runs on there',
    before: [...sourceRuns, ...none],
    rungs: ended,
    after: sourceRuns,
  },
  {
    where: { ...towardDestination, mode: ['multifd'], fault: closing },
    why: 'the same; without answers the source may report completed: until cont none may run',
    before: [...sourceRuns, ...none],
    rungs: ended,
    after: [...sourceRuns, ...none],
  },
  {
    where: { ...towardDestination, fault: closing },
    why: 'the destination cannot have everything: the guest runs on at the source',
    before: [...sourceRuns, ...none],
    rungs: ended,
    after: sourceRuns,
  },
  {
    where: { answers: ['return-path'], profile: ['managed'] },
    why: 'exactly one side, whatever is lost',
    before: [...underWay, 'runs/paused'],
    rungs: ended,
    after: [...sourceRuns, 'runs/paused', 'paused/runs'],
  },
  {
    where: { answers: ['return-path'] },
    why: 'if the last answer is lost both run, which QEMU alone cannot avoid',
    before: [...underWay, 'paused/runs', 'runs/runs'],
    rungs: ended,
    after: [...sourceRuns, 'paused/runs', 'runs/runs'],
  },
  {
    where: { profile: ['managed'] },
    why: 'the source reports completed before the destination has all: until cont none may run',
    before: [...underWay, 'runs/paused'],
    rungs: ended,
    after: [...sourceRuns, 'runs/paused', 'paused/runs', ...none],
  },
  {
    where: {},
    why: 'without answers and without a manager: none, one or both',
    before: [...underWay, 'paused/runs', 'runs/runs'],
    rungs: ended,
    after: [...sourceRuns, 'paused/runs', 'runs/runs', ...none],
  },
];

export const additions: readonly Addition[] = [
  {
    where: { stage: ['switchover'], fault: ['half-close'], answers: ['return-path'] },
    known: 'the source of 7.2 may answer no QMP, and yank has no effect',
    rungs: ['SIGKILL'],
    after: ['gone/incomplete', 'gone/gone'],
  },
];
