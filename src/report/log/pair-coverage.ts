/**
 * Which pairs of values of the factors of `drover generate` the tests of a run had, whatever tests
 * they are.
 */
import { choiceOf } from '../../migration/generated/combination.js';
import { spaceOf } from '../../migration/generated/space-of.js';
import { SetCoverage } from '../../model/space/cover-space.js';
import type { Row, Space } from '../../model/space/space.js';
import { open } from '../../model/space/space.js';
import { formatCount } from '../../model/text/format.js';
import type { RunRecord } from '../fold/summary.js';

export interface PairCoverage {
  readonly covered: number;
  /** those that the QEMUs' features allow and that are not known not to go together */
  readonly total: number;
  /** such as `memfd + xbzrle`; usual values have names of their own, such as `no-xbzrle` */
  readonly missing: readonly string[];
}

/** Undefined of a log of a Drover that wrote no combinations. */
export function pairCoverageOf({ started, tests }: RunRecord): PairCoverage | undefined {
  const combinations = tests.flatMap(({ outcome, combination }) =>
    outcome.kind === 'passed' && combination !== undefined ? [combination] : [],
  );
  if (combinations.length === 0) return undefined;
  const space = spaceOf(started?.offered ?? []);
  const coverage = new SetCoverage(space, 2);
  for (const values of combinations) coverage.add(observedRow(space, values));
  return {
    covered: coverage.covered,
    total: coverage.total,
    missing: coverage.missing.map((row) =>
      space
        .choicesOf(row)
        .map(({ value }) => value)
        .join(' + '),
    ),
  };
}

/** Usual values where nothing else is named. @param values as in an event */
function observedRow(space: Space, values: readonly string[]): Row {
  const unknown = new Set(values.flatMap((value) => /^\?(.+)$/.exec(value)?.[1] ?? []));
  const named = space.rowOf(values.flatMap((value) => choiceOf(value) ?? []));
  // a value that this space does not have is not the usual one
  const foreign = new Set(values.flatMap((value) => choiceOf(value)?.factor ?? []));
  return named.map((value, place) => {
    const name = space.factors[place]?.name ?? '';
    return value !== open || unknown.has(name) || foreign.has(name) ? value : 0;
  });
}

const missingShown = 5;

export function pairLines(pairs: PairCoverage | undefined): string[] {
  if (pairs === undefined) return [];
  const { covered, total, missing } = pairs;
  const shown = missing.slice(0, missingShown).map((pair) => `  ${pair}`);
  const more = missing.length - shown.length;
  return [
    '',
    `pairs of values (drover generate): ${formatCount(covered)} of ${formatCount(total)}${missing.length === 0 ? '' : '; missing:'}`,
    ...shown,
    ...(more > 0 ? [`  and ${formatCount(more)} more`] : []),
  ];
}
