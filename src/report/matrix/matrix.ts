/**
 * The results of all pairs of several QEMUs as one table, from the events of each pair's run. The
 * other files here show it.
 */
import type { EventOf } from '../../model/events.js';
import type { MatrixPair, MatrixQemu } from '../../model/matrix-pair.js';
import type { Failure, OutcomeKind } from '../../model/outcome.js';
import { countedKinds, noCounts } from '../fold/counts.js';
import type { Counts } from '../fold/counts.js';
import { formatCount } from '../../model/text/format.js';
import type { RunRecord } from '../fold/summary.js';
import { groupBy } from '../../model/group-by.js';

/** The record of a run that is a pair of a matrix. */
export type PairRecord = RunRecord & {
  readonly started: EventOf<'run-started'> & { readonly matrix: MatrixPair };
};

export const isPair = (record: RunRecord): record is PairRecord =>
  record.started?.matrix !== undefined;

export interface Matrix {
  readonly drover: string;
  /** when its first pair began; ISO 8601, UTC */
  readonly time: string;
  /** from there to the end of the last pair */
  readonly durationMs: number;
  readonly arch: string;
  /** names of the selected tests */
  readonly tests: readonly string[];
  readonly qemus: readonly MatrixQemu[];
  readonly exitCode: number;
  /** a row for each source, in it a cell for each destination, in the order of `qemus` */
  readonly rows: readonly (readonly Cell[])[];
}

/** The state of a pair in one word: an outcome if it ran. */
export type PairVerdict = OutcomeKind | 'not-started' | 'not-run' | 'left-out';

export interface Cell {
  readonly source: string;
  readonly destination: string;
  readonly verdict: PairVerdict;
  readonly counts: Counts;
  /** attempts that did not end */
  readonly notRun: number;
  /** why the pair could not start, or broke as a whole */
  readonly failure?: Failure | undefined;
  readonly exitCode?: number | undefined;
  /** of a pair that ran */
  readonly ran?: PairRecord;
}

/**
 * Versions as labels, with a number where several have the same; undefined is a QEMU that cannot be
 * used.
 */
export function uniqueLabels(versions: readonly (string | undefined)[]): string[] {
  const names = versions.map((version) => version ?? 'unusable');
  return names.map((name, index) => {
    const same = names.filter((other) => other === name).length;
    const before = names.slice(0, index).filter((other) => other === name).length;
    return same === 1 ? name : `${name} (${String(before + 1)})`;
  });
}

/** All pairs of a matrix, row by row. */
export function pairsOf({
  qemus,
  crossOnly,
}: Pick<MatrixPair, 'qemus' | 'crossOnly'>): MatrixPair[] {
  return qemus.flatMap((_, source) =>
    qemus.flatMap((_, destination): MatrixPair[] =>
      source === destination && crossOnly ? [] : [{ qemus, source, destination, crossOnly }],
    ),
  );
}

const labelsOf = (pair: MatrixPair): Pick<Cell, 'source' | 'destination'> => ({
  source: pair.qemus[pair.source]?.label ?? '',
  destination: pair.qemus[pair.destination]?.label ?? '',
});

export const pairName = ({ source, destination }: Pick<Cell, 'source' | 'destination'>): string =>
  `${source} -> ${destination}`;

export const nameOfPair = (pair: MatrixPair): string => pairName(labelsOf(pair));

/** The folder of a pair's run, such as `7.2.22-to-10.0.8`. */
export function pairFolder(pair: MatrixPair): string {
  const { source, destination } = labelsOf(pair);
  const word = (label: string): string => label.replaceAll(/[^\w.]+/g, '-').replace(/-$/, '');
  return `${word(source)}-to-${word(destination)}`;
}

function verdictOf({ counts, notRun, finished }: RunRecord): OutcomeKind {
  if (counts.failed > 0) return 'failed';
  if (counts.broken > 0 || finished?.failure !== undefined) return 'broken';
  if (counts.cancelled > 0 || notRun > 0 || finished === undefined) return 'cancelled';
  return counts.passed > 0 ? 'passed' : 'skipped';
}

function cellOf(pair: MatrixPair, record: PairRecord | undefined): Cell {
  const empty = { ...labelsOf(pair), counts: noCounts, notRun: 0 };
  if (record === undefined) {
    const isWanted = pair.source !== pair.destination || !pair.crossOnly;
    return { ...empty, verdict: isWanted ? 'not-run' : 'left-out' };
  }
  const { failure, exitCode } = record.finished ?? {};
  if (record.started.workers > 0) {
    const { counts, notRun } = record;
    const verdict = verdictOf(record);
    return { ...empty, verdict, counts, notRun, failure, exitCode, ran: record };
  }
  return failure === undefined
    ? { ...empty, verdict: 'not-run' }
    : { ...empty, verdict: 'not-started', failure, exitCode };
}

/** @param records of at least one pair */
export function matrixOf(records: readonly PairRecord[], exitCode: number): Matrix {
  const [first] = records;
  if (first === undefined) throw new Error('a matrix has at least one pair');
  const { drover, source, tests, matrix } = first.started;
  const starts = records.map(({ started }) => Date.parse(started.time));
  const ends = records.map(({ durationMs }, index) => (starts[index] ?? 0) + durationMs);
  const { qemus } = matrix;
  return {
    drover,
    time: new Date(Math.min(...starts)).toISOString(),
    durationMs: Math.max(...ends) - Math.min(...starts),
    arch: source.arch,
    tests,
    qemus,
    exitCode,
    rows: qemus.map((_, source) =>
      qemus.map((_, destination) => {
        const isHere = ({ started: { matrix: its } }: PairRecord): boolean =>
          its.source === source && its.destination === destination;
        return cellOf({ ...matrix, source, destination }, records.find(isHere));
      }),
    ),
  };
}

export interface CellLine {
  readonly kind: PairVerdict;
  readonly text: string;
}

const states = {
  'not-started': 'cannot start',
  'not-run': 'not run',
  'left-out': '-',
} as const;

export function verdictWord(verdict: PairVerdict): string {
  return Object.hasOwn(states, verdict) ? states[verdict as keyof typeof states] : verdict;
}

/** The counts of a cell, one a line, worst first; or the one thing to say about it. */
export function cellLines({ verdict, counts, notRun, failure, ran }: Cell): CellLine[] {
  if (ran === undefined) return [{ kind: verdict, text: verdictWord(verdict) }];
  const lines: CellLine[] = countedKinds
    .filter((kind) => counts[kind] > 0)
    .map((kind) => ({ kind, text: `${formatCount(counts[kind])} ${kind}` }));
  if (failure !== undefined) lines.unshift({ kind: 'broken', text: 'run broke' });
  if (notRun > 0) lines.push({ kind: 'not-run', text: `${formatCount(notRun)} not run` });
  return lines.length > 0 ? lines : [{ kind: verdict, text: verdict }];
}

/** Pairs that could not start, by reason. */
export function obstacles(cells: readonly Cell[]): { failure: Failure; pairs: Cell[] }[] {
  const idle = cells.filter(({ verdict }) => verdict === 'not-started');
  const groups = groupBy(idle, ({ failure }) => JSON.stringify([failure?.code, failure?.message]));
  return [...groups.values()].flatMap((pairs) => {
    const failure = pairs[0]?.failure;
    return failure === undefined ? [] : [{ failure, pairs }];
  });
}

/** Attempts of all pairs together. */
export function allCounts(cells: readonly Cell[]): Counts {
  const sum = { ...noCounts };
  for (const { counts } of cells) for (const kind of countedKinds) sum[kind] += counts[kind];
  return sum;
}

/** The number of pairs in each state, worst first. */
export function pairsText(cells: readonly Cell[]): string {
  const order: readonly PairVerdict[] = [
    ...(['failed', 'broken', 'not-started', 'passed', 'skipped', 'cancelled'] as const),
    'not-run',
  ];
  return order
    .map((verdict) => ({ verdict, count: cells.filter((cell) => cell.verdict === verdict).length }))
    .filter(({ count }) => count > 0)
    .map(({ verdict, count }) => `${formatCount(count)} ${verdictWord(verdict)}`)
    .join(', ');
}
