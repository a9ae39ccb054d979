/**
 * Compares B with A in all scenarios: in pairs of one benchmark, or without pairs across two. Pure.
 */
import { confidence } from './document.js';
import type { Comparison, Sample } from './document.js';
import { figures } from './figures.js';
import type { FigureKey } from './figures.js';
import type { Label } from './order.js';
import { holm } from './statistics/many.js';
import { pairedShift } from './statistics/paired.js';
import { unpairedShift } from './statistics/unpaired.js';
import type { Shift } from './statistics/exact.js';
import { answer } from './verdict.js';

interface Compared {
  readonly shift: Shift;
  readonly samples: number;
}

/** @returns undefined without samples of both sides */
type Compare = (figure: FigureKey) => Compared | undefined;

/** Values of a side that count, in the order of the samples. */
export function valuesOf(samples: readonly Sample[], label: Label, figure: FigureKey): number[] {
  return samples.flatMap((sample) =>
    sample.label === label ? (sample.measured?.[figure] ?? []) : [],
  );
}

/** One list of samples for each scenario. @returns the comparisons of each scenario */
export function comparePairs(
  scenarios: readonly (readonly Sample[])[],
  threshold: number,
): Comparison[][] {
  return judge(
    scenarios.map((samples) => (figure) => paired(samples, figure)),
    threshold,
  );
}

function paired(samples: readonly Sample[], figure: FigureKey): Compared | undefined {
  const byLabel = (label: Label): Map<number, number> =>
    new Map(
      samples.flatMap((sample) => {
        const value = sample.label === label ? sample.measured?.[figure] : undefined;
        return value === undefined ? [] : [[sample.pair, value] as const];
      }),
    );
  const b = byLabel('B');
  const ratios = [...byLabel('A')].flatMap(([pair, before]) => {
    const after = b.get(pair);
    // a clock that was set back in between gives no ratio
    return after === undefined || after <= 0 || before <= 0 ? [] : [Math.log(after / before)];
  });
  return ratios.length === 0
    ? undefined
    : { shift: pairedShift(ratios, confidence), samples: ratios.length };
}

/** Of each scenario the samples before and after; only side A of both counts. */
export function compareGroups(
  scenarios: readonly { readonly before: readonly Sample[]; readonly after: readonly Sample[] }[],
  threshold: number,
): Comparison[][] {
  return judge(
    scenarios.map(({ before, after }) => (figure) => {
      const from = logarithms(valuesOf(before, 'A', figure));
      const to = logarithms(valuesOf(after, 'A', figure));
      return from.length === 0 || to.length === 0
        ? undefined
        : {
            shift: unpairedShift(from, to, confidence),
            samples: Math.min(from.length, to.length),
          };
    }),
    threshold,
  );
}

/** A clock that was set back in between gives a value that has no logarithm. */
function logarithms(values: readonly number[]): number[] {
  return values.filter((value) => value > 0).map(Math.log);
}

function judge(scenarios: readonly Compare[], threshold: number): Comparison[][] {
  const judged = figures.filter(({ isJudged }) => isJudged === true);
  const found = scenarios.flatMap((compare, scenario) =>
    judged.flatMap(({ key }) => {
      const compared = compare(key);
      return compared === undefined ? [] : [{ scenario, figure: key, ...compared }];
    }),
  );
  const adjusted = holm(found.map(({ shift }) => shift.p));
  const change = (log: number | undefined): number | undefined =>
    log === undefined ? undefined : Math.expm1(log);
  const comparisons = found.map(({ scenario, figure, shift, samples }, index) => {
    const p = adjusted[index] ?? shift.p;
    const comparison: Comparison = {
      figure,
      samples,
      change: Math.expm1(shift.estimate),
      low: change(shift.low),
      high: change(shift.high),
      p,
      ...answer({ shift, p, threshold, confidence, samples }),
    };
    return { scenario, comparison };
  });
  return scenarios.map((_, index) =>
    comparisons.flatMap(({ scenario, comparison }) => (scenario === index ? [comparison] : [])),
  );
}
