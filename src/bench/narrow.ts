/**
 * When a scenario has enough pairs: the interval of its total time is narrow. The width decides,
 * not whether B is faster. A narrow interval comes sooner where the samples happen to lie close
 * together, so it misses the true value more often than with a fixed number of pairs: in up to 8 of
 * 100 benchmarks instead of 5 where the differences are normal. Pure.
 */
import { comparePairs, valuesOf } from './compare.js';
import { confidence } from './document.js';
import type { Sample } from './document.js';
import type { Design } from './order.js';
import { medianInterval } from './statistics/many.js';
import { fewestPairs } from './statistics/paired.js';

/** pairs after which the first look comes; an interval of fewer says little about its own width */
const firstLook = fewestPairs(confidence);

/**
 * Of the change from A to B, or of the median of the only side, as a share: 0.05 is from -2 % to
 * 3 %.
 * @returns undefined with too few samples
 */
export function widthOf(
  samples: readonly Sample[],
  { labels }: Pick<Design, 'labels'>,
): number | undefined {
  if (labels.length > 1) {
    const [comparisons = []] = comparePairs([samples], 1);
    const { low, high } = comparisons.find(({ figure }) => figure === 'totalMs') ?? {};
    return low === undefined || high === undefined ? undefined : high - low;
  }
  const values = valuesOf(samples, 'A', 'totalMs');
  if (values.length === 0) return undefined;
  const { median, low, high } = medianInterval(values, confidence);
  return low === undefined || high === undefined ? undefined : (high - low) / median;
}

/** Looks only after whole blocks of two pairs (order.ts), in which both sides are treated alike. */
export function isNarrow(
  samples: readonly Sample[],
  { labels, untilWidth }: Design,
  pair: number,
): boolean {
  if (untilWidth === undefined || pair < firstLook || pair % 2 !== 0) return false;
  const width = widthOf(samples, { labels });
  return width !== undefined && width <= untilWidth;
}
