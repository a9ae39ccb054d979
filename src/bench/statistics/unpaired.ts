/**
 * The shift from one group of samples to another. The test is that of Mann and Whitney, the
 * estimate the median of all differences (Hodges and Lehmann), and the interval holds the shifts
 * that the test does not reject. Exact for up to `mostExact` samples, with ties as well; beyond
 * that by the normal distribution. Pure.
 */
import { errorFunction, median, probit, sum } from 'simple-statistics';
import { between, doubledRanks, drawSums, tailLength, twoSided } from './exact.js';
import type { Shift } from './exact.js';

/** samples of both groups together */
const mostExact = 60;

/**
 * @param from at least one @param to at least one @param confidence of the interval, such as 0.95
 */
export function unpairedShift(
  from: readonly number[],
  to: readonly number[],
  confidence: number,
): Shift {
  const differences = to.flatMap((b) => from.map((a) => b - a)).sort((a, b) => a - b);
  const ranks = doubledRanks([...from, ...to]);
  const seen = sum(ranks.slice(from.length));
  const exact = ranks.length <= mostExact ? exactly : nearly;
  const { rank, p } = exact({ ranks, count: to.length, seen, tail: (1 - confidence) / 2 });
  return { estimate: median(differences), ...between(differences, rank), p };
}

interface Groups {
  /** twice the rank of each sample among all */
  readonly ranks: readonly number[];
  /** samples of the second group */
  readonly count: number;
  /** sum of its doubled ranks */
  readonly seen: number;
  /** probability at each end that the interval leaves out */
  readonly tail: number;
}

interface Tested {
  /** the interval ends at the differences of this rank */
  readonly rank: number;
  readonly p: number;
}

function exactly({ ranks, count, seen, tail }: Groups): Tested {
  const untied = drawSums(
    ranks.map((_, index) => index + 1),
    count,
  );
  const least = (count * (count + 1)) / 2;
  const middle = count * (ranks.length + 1);
  return {
    rank: tailLength(untied.slice(least), tail),
    p: twoSided(drawSums(ranks, count), middle, seen),
  };
}

function nearly({ ranks, count, seen, tail }: Groups): Tested {
  const { length } = ranks;
  const others = length - count;
  const deviation = Math.sqrt((count * others * (length + 1)) / 12);
  // half a rank, since the normal distribution is continuous
  const far = Math.max(0, Math.abs(seen / 2 - (count * (length + 1)) / 2) - 0.5);
  return {
    rank: Math.max(0, Math.floor((count * others) / 2 + probit(tail) * deviation)),
    p: Math.min(1, 1 - errorFunction(far / deviation / Math.SQRT2)),
  };
}
