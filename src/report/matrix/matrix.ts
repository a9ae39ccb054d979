/**
 * The results of many pairs of QEMUs as one table, from the record of each run. The other files here show it.
 */
import type { Arch } from '../../model/arch.js';
import type { Failure, OutcomeKind } from '../../model/outcome.js';
import { countedKinds, noCounts } from '../fold/counts.js';
import type { Counts } from '../fold/counts.js';
import { formatCount } from '../../model/text/format.js';
import type { RunRecord, RunSummary } from '../fold/summary.js';
import { summarise } from '../fold/summary.js';

export interface MatrixQemu {
  /** its version, told apart from others of the same version */
  readonly label: string;
  readonly command: string;
  readonly version?: string;
  readonly package?: string;
  /** why nothing can be run with it */
  readonly failure?: Failure;
}

export type PairResult =
  | { readonly kind: 'ran'; readonly record: RunRecord; readonly exitCode: number }
  | { readonly kind: 'not-started'; readonly failure: Failure; readonly exitCode: number }
  /** cancelled before its turn came */
  | { readonly kind: 'not-run' }
  /** not wanted */
  | { readonly kind: 'left-out' };

export interface Matrix {
  readonly drover: string;
  /** when it began; ISO 8601, UTC */
  readonly time: string;
  readonly durationMs: number;
  readonly arch: Arch;
  /** names of the selected tests */
  readonly tests: readonly string[];
  readonly qemus: readonly MatrixQemu[];
  /** a row for each source, in it a result for each destination, in the order of `qemus` */
  readonly results: readonly (readonly PairResult[])[];
  readonly exitCode: number;
}

/** What is said of a pair in one word; an outcome where it ran. */
export type PairVerdict = OutcomeKind | 'not-started' | 'not-run' | 'left-out';

export interface Cell {
  readonly source: string;
  readonly destination: string;
  readonly verdict: PairVerdict;
  readonly counts: Counts;
  /** attempts that never came to an end */
  readonly notRun: number;
  /** why the pair could not start, or broke as a whole */
  readonly failure?: Failure;
  readonly exitCode?: number;
  readonly record?: RunRecord;
  readonly summary?: RunSummary;
}

/** Versions as labels, with a number where several have the same; undefined is a QEMU that does not tell. */
export function uniqueLabels(versions: readonly (string | undefined)[]): string[] {
  const names = versions.map((version) => version ?? 'unusable');
  return names.map((name, index) => {
    const same = names.filter((other) => other === name).length;
    const before = names.slice(0, index).filter((other) => other === name).length;
    return same === 1 ? name : `${name} (${String(before + 1)})`;
  });
}

function verdictOf(summary: RunSummary): OutcomeKind {
  const { counts } = summary;
  if (counts.failed > 0) return 'failed';
  if (counts.broken > 0 || summary.failure !== undefined) return 'broken';
  if (counts.cancelled > 0 || summary.notRun > 0 || !summary.complete) return 'cancelled';
  return counts.passed > 0 ? 'passed' : 'skipped';
}

function cellOf(source: string, destination: string, result: PairResult): Cell {
  const empty = { source, destination, counts: noCounts, notRun: 0 };
  switch (result.kind) {
    case 'ran': {
      const { record, exitCode } = result;
      const summary = summarise(record);
      const { counts, notRun, failure } = summary;
      const verdict = verdictOf(summary);
      return { ...empty, verdict, counts, notRun, failure, exitCode, record, summary };
    }
    case 'not-started':
      return {
        ...empty,
        verdict: 'not-started',
        failure: result.failure,
        exitCode: result.exitCode,
      };
    default:
      return { ...empty, verdict: result.kind };
  }
}

/** A row for each source, in it a cell for each destination. */
export function cellsOf({ qemus, results }: Matrix): Cell[][] {
  return results.map((row, source) =>
    row.map((result, destination) =>
      cellOf(qemus[source]?.label ?? '', qemus[destination]?.label ?? '', result),
    ),
  );
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
export function cellLines({ verdict, counts, notRun, failure }: Cell): CellLine[] {
  if (verdict === 'not-started' || verdict === 'not-run' || verdict === 'left-out') {
    return [{ kind: verdict, text: verdictWord(verdict) }];
  }
  const lines: CellLine[] = countedKinds
    .filter((kind) => counts[kind] > 0)
    .map((kind) => ({ kind, text: `${formatCount(counts[kind])} ${kind}` }));
  if (failure !== undefined) lines.unshift({ kind: 'broken', text: 'run broke' });
  if (notRun > 0) lines.push({ kind: 'not-run', text: `${formatCount(notRun)} not run` });
  return lines.length > 0 ? lines : [{ kind: verdict, text: verdict }];
}

/** Pairs that have the same to say about why they could not start. */
export function obstacles(cells: readonly Cell[]): { failure: Failure; pairs: Cell[] }[] {
  const groups = new Map<string, { failure: Failure; pairs: Cell[] }>();
  for (const cell of cells) {
    const { failure, verdict } = cell;
    if (verdict !== 'not-started' || failure === undefined) continue;
    const key = JSON.stringify([failure.code, failure.message]);
    const known = groups.get(key);
    if (known === undefined) groups.set(key, { failure, pairs: [cell] });
    else known.pairs.push(cell);
  }
  return [...groups.values()];
}

/** Attempts of all pairs together. */
export function allCounts(cells: readonly Cell[]): Counts {
  const sum = { ...noCounts };
  for (const { counts } of cells) for (const kind of countedKinds) sum[kind] += counts[kind];
  return sum;
}

/** How many pairs came to what, in words, worst first. */
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
