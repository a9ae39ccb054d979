/** What a shift means for the user: faster, slower, the same, or how many pairs would say. Pure. */
import { fewestPairs } from './statistics/paired.js';
import type { Shift } from './statistics/exact.js';

export const benchVerdicts = ['faster', 'slower', 'same', 'not-enough-data'] as const;
export type BenchVerdict = (typeof benchVerdicts)[number];

export interface Question {
  /** of the logarithm of B over A; of all figures that have a verdict, a larger one is worse */
  readonly shift: Shift;
  /** adjusted for all comparisons of the benchmark */
  readonly p: number;
  /** the least change that matters, such as 0.05 */
  readonly threshold: number;
  readonly confidence: number;
  /** pairs, or samples of the smaller group */
  readonly samples: number;
}

export interface Answer {
  readonly verdict: BenchVerdict;
  /**
   * of `not-enough-data`: how many would do if the spread and the shift stay as they are; absent if
   * more than `mostPairs`
   */
  readonly samplesNeeded?: number | undefined;
}

/** `drover bench` runs no more; the exact tests take seconds with more */
export const mostPairs = 200;

/** The threshold is a ratio in both directions: 1.05 and 1/1.05 with 0.05. */
export function answer({ shift, p, threshold, confidence, samples }: Question): Answer {
  const { estimate, low, high } = shift;
  const limit = Math.log1p(threshold);
  const fewest = fewestPairs(confidence);
  if (low === undefined || high === undefined) {
    return { verdict: 'not-enough-data', samplesNeeded: Math.max(fewest, samples + 1) };
  }
  if (p <= 1 - confidence && low > limit) return { verdict: 'slower' };
  if (p <= 1 - confidence && high < -limit) return { verdict: 'faster' };
  if (low >= -limit && high <= limit) return { verdict: 'same' };
  if (low > limit || high < -limit) {
    // only p is too large, and each pair more can halve it
    return needs(samples + Math.ceil(Math.log2(p / (1 - confidence))));
  }
  // the interval shrinks with the root of the number of pairs; it has to end at the nearer limit
  const room = Math.abs(Math.abs(estimate) - limit);
  const reach =
    Math.abs(estimate) > limit ? reachInwards(shift) : Math.max(high - estimate, estimate - low);
  return needs(Math.max(Math.ceil(samples * (reach / room) ** 2), samples + 1));
}

function needs(samples: number): Answer {
  return {
    verdict: 'not-enough-data',
    samplesNeeded: samples <= mostPairs ? samples : undefined,
  };
}

/** From the estimate to the end of the interval that is nearer to 0. */
function reachInwards({ estimate, low = estimate, high = estimate }: Shift): number {
  return estimate > 0 ? estimate - low : high - estimate;
}
