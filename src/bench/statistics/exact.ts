/**
 * Exact distributions of rank statistics if there is no difference: sums over subsets of ranks.
 * Pure.
 */

/**
 * What an analysis says of the difference of two sides. `low` and `high` are absent with too few
 * samples for the confidence.
 */
export interface Shift {
  readonly estimate: number;
  readonly low?: number | undefined;
  readonly high?: number | undefined;
  /** two-sided, of the hypothesis that there is no difference */
  readonly p: number;
}

/**
 * Twice the rank of each value; equal values share the mean of their ranks, twice which is whole.
 */
export function doubledRanks(values: readonly number[]): number[] {
  return values.map((value) => {
    const less = values.filter((other) => other < value).length;
    const equal = values.filter((other) => other === value).length;
    return 2 * less + equal + 1;
  });
}

/** Probability of each sum, by index, if each weight counts or not with probability 1/2. */
export function coinSums(weights: readonly number[]): number[] {
  let chances = [1];
  for (const weight of weights) {
    const before = chances;
    chances = Array.from(
      { length: before.length + weight },
      (_, sum) => ((before[sum] ?? 0) + (before[sum - weight] ?? 0)) / 2,
    );
  }
  return chances;
}

/** Probability of each sum, by index, of `count` weights that are drawn without replacement. */
export function drawSums(weights: readonly number[], count: number): number[] {
  // ways[drawn][sum]: how many subsets of the weights so far
  let ways: number[][] = Array.from({ length: count + 1 }, (_, drawn) => (drawn === 0 ? [1] : []));
  for (const weight of weights) {
    const before = ways;
    ways = before.map((sums, drawn) => {
      const fewer = before[drawn - 1] ?? [];
      const length = fewer.length === 0 ? sums.length : fewer.length + weight;
      return Array.from(
        { length: Math.max(sums.length, length) },
        (_, sum) => (sums[sum] ?? 0) + (fewer[sum - weight] ?? 0),
      );
    });
  }
  const all = ways[count] ?? [];
  const total = all.reduce((sum, each) => sum + each, 0);
  return all.map((each) => each / total);
}

/** sums of floating-point numbers differ in the last digits */
const slack = 1 + 1e-9;

/** How many of the smallest sums have at most this probability together. */
export function tailLength(chances: readonly number[], most: number): number {
  let together = 0;
  const end = chances.findIndex((chance) => (together += chance) > most * slack);
  return end < 0 ? chances.length : end;
}

/** Probability of a sum at least as far from the middle of a symmetric distribution. */
export function twoSided(chances: readonly number[], middle: number, seen: number): number {
  const far = Math.abs(seen - middle) / slack;
  const p = chances.reduce(
    (sum, chance, at) => (Math.abs(at - middle) >= far ? sum + chance : sum),
    0,
  );
  return Math.min(1, p);
}

/** The interval between the `rank`-th smallest and the `rank`-th largest value; none for rank 0. */
export function between(sorted: readonly number[], rank: number): Pick<Shift, 'low' | 'high'> {
  return rank === 0 ? {} : { low: sorted[rank - 1], high: sorted[sorted.length - rank] };
}
