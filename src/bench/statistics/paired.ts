/**
 * Differences of pairs. The test flips the sign of each difference, and its statistic is the sum of
 * the ranks of the positive ones (Wilcoxon's signed ranks). The estimate is the median of all means
 * of two differences (Hodges and Lehmann), and the interval holds exactly the shifts that the test
 * does not reject. Exact; with ties as well. Pure.
 */
import { median, sum } from 'simple-statistics';
import { between, coinSums, doubledRanks, tailLength, twoSided } from './exact.js';
import type { Shift } from './exact.js';

/** @param differences at least one @param confidence of the interval, such as 0.95 */
export function pairedShift(differences: readonly number[], confidence: number): Shift {
  const means = differences
    .flatMap((a, index) => differences.slice(index).map((b) => (a + b) / 2))
    .sort((a, b) => a - b);
  const ranks = differences.map((_, index) => index + 1);
  const rank = tailLength(coinSums(ranks), (1 - confidence) / 2);
  return { estimate: median(means), ...between(means, rank), p: signFlipTest(differences) };
}

/** A difference of 0 has no sign to flip. */
function signFlipTest(differences: readonly number[]): number {
  const signed = differences.filter((difference) => difference !== 0);
  if (signed.length === 0) return 1;
  const ranks = doubledRanks(signed.map(Math.abs));
  const positive = sum(ranks.filter((_, index) => (signed[index] ?? 0) > 0));
  return twoSided(coinSums(ranks), sum(ranks) / 2, positive);
}

/** the least number of pairs for an interval of this confidence */
export function fewestPairs(confidence: number): number {
  return Math.ceil(Math.log2(2 / (1 - confidence)));
}
