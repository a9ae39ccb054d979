/** Several tests at once, and the median of one side. Pure. */
import { binomialDistribution, median } from 'simple-statistics';
import { between, tailLength } from './exact.js';

/**
 * Holm's method: the chance of any false finding among all tests stays that of one.
 * @returns each p adjusted, in the given order
 */
export function holm(ps: readonly number[]): number[] {
  const order = ps.map((p, index) => ({ p, index })).sort((a, b) => a.p - b.p);
  const adjusted = new Map<number, number>();
  let highest = 0;
  order.forEach(({ p, index }, rank) => {
    highest = Math.max(highest, Math.min(1, p * (ps.length - rank)));
    adjusted.set(index, highest);
  });
  return ps.map((p, index) => adjusted.get(index) ?? p);
}

export interface MedianInterval {
  readonly median: number;
  readonly low?: number | undefined;
  readonly high?: number | undefined;
}

/**
 * The median, and the interval that holds the true one with this confidence at least. @param values
 * at least one
 */
export function medianInterval(values: readonly number[], confidence: number): MedianInterval {
  const sorted = values.toSorted((a, b) => a - b);
  const chances = binomialDistribution(values.length, 0.5) ?? [];
  return { median: median(sorted), ...between(sorted, tailLength(chances, (1 - confidence) / 2)) };
}
