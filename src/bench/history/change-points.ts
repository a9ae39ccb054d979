/**
 * Where a series of medians changes its level. The statistic is the largest weighted CUSUM of the
 * ranks, so that a single outlier is not a change; a permutation test says whether it is by chance;
 * on either side of a change the search goes on (binary segmentation). Pure: the same seed gives the
 * same answer.
 */
import { median } from 'simple-statistics';

export interface ChangePoint {
  /** index of the first value of the new level */
  readonly at: number;
  /** 0.1: the new level is 10 % above the old one, by the medians of both */
  readonly change: number;
  readonly p: number;
}

/** values on either side of a change at least */
export const fewestValues = 4;
const permutations = 999;
/** small, since there are many series */
const mostP = 0.01;

/**
 * @param values positive, in the order of time
 * @param threshold changes of the level below it do not matter, such as 0.05
 */
export function changePoints(
  values: readonly number[],
  threshold: number,
  seed: number,
): ChangePoint[] {
  const draw = random(seed);
  const search = (from: number, to: number): number[] => {
    const found = split(values.slice(from, to), draw);
    if (found === undefined) return [];
    const at = from + found;
    return [...search(from, at), at, ...search(at, to)];
  };
  const ats = search(0, values.length);
  return ats.flatMap((at, index): ChangePoint[] => {
    const before = values.slice(ats[index - 1] ?? 0, at);
    const after = values.slice(at, ats[index + 1] ?? values.length);
    const change = median([...after]) / median([...before]) - 1;
    const p = chance(ranksOf([...before, ...after]), random(seed));
    return Math.abs(Math.log1p(change)) > Math.log1p(threshold) ? [{ at, change, p }] : [];
  });
}

/** @returns the index of the first value after the change; undefined if there is none */
function split(values: readonly number[], draw: () => number): number | undefined {
  if (values.length < 2 * fewestValues) return undefined;
  const ranks = ranksOf(values);
  return chance(ranks, draw) <= mostP ? largest(ranks).at : undefined;
}

/** that the values in any other order have as large a statistic */
function chance(ranks: readonly number[], draw: () => number): number {
  const seen = largest(ranks).statistic - 1e-9;
  const shuffled = [...ranks];
  let asLarge = 1;
  for (let round = 0; round < permutations; round++) {
    for (let index = shuffled.length - 1; index > 0; index--) {
      const other = Math.floor(draw() * (index + 1));
      [shuffled[index], shuffled[other]] = [shuffled[other] ?? 0, shuffled[index] ?? 0];
    }
    if (largest(shuffled).statistic >= seen) asLarge += 1;
  }
  return asLarge / (permutations + 1);
}

/** Sum of the ranks before a place, less what it would be on average, by its deviation. */
function largest(ranks: readonly number[]): { readonly at: number; readonly statistic: number } {
  const { length } = ranks;
  const mean = (length + 1) / 2;
  let [sum, at, statistic] = [0, 0, 0];
  for (let index = 1; index <= length - fewestValues; index++) {
    sum += (ranks[index - 1] ?? 0) - mean;
    const own = Math.abs(sum) / Math.sqrt(index * (length - index));
    if (index >= fewestValues && own > statistic) [at, statistic] = [index, own];
  }
  return { at, statistic };
}

/** Equal values share the mean of their ranks. */
function ranksOf(values: readonly number[]): number[] {
  const sorted = values.toSorted((a, b) => a - b);
  return values.map((value) => (sorted.indexOf(value) + sorted.lastIndexOf(value)) / 2 + 1);
}

/** Mulberry32, from 0 up to, not including, 1 */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
