/** What a scenario showed, in one line for each figure that has a verdict. Pure. */
import { printableLine } from '../model/text/printable.js';
import { valuesOf } from './compare.js';
import { confidence } from './document.js';
import type { BenchDocument, Comparison, ScenarioResult } from './document.js';
import { figures } from './figures.js';
import { noiseText, pText, percent, verdictText } from './rows.js';
import { medianInterval } from './statistics/many.js';

export interface VerdictLine {
  /** the verdict of the line; absent with one side */
  readonly verdict?: Comparison['verdict'] | undefined;
  /** `multifd:4: downtime -18 % [-24 %, -11 %], p = 0.002, 12 pairs, noise ±6.5 %: faster` */
  readonly text: string;
}

export function verdictLines(
  { scenario, samples, comparisons }: ScenarioResult,
  { sides }: Pick<BenchDocument, 'sides'>,
): VerdictLine[] {
  const name = printableLine(scenario.name);
  if (sides.length > 1) {
    return comparisons.map((comparison) => ({
      verdict: comparison.verdict,
      text: `${name}: ${compared(comparison)}`,
    }));
  }
  return figures
    .filter(({ isJudged }) => isJudged === true)
    .flatMap(({ key, name: figure, show }) => {
      const values = valuesOf(samples, 'A', key);
      if (values.length === 0) return [];
      const { median, low, high } = medianInterval(values, confidence);
      const interval =
        low === undefined || high === undefined ? '' : ` [${show(low)}, ${show(high)}]`;
      const count = values.length === 1 ? '1 migration' : `median of ${values.length} migrations`;
      return [{ text: `${name}: ${figure} ${show(median)}${interval}, ${count}` }];
    });
}

function compared(comparison: Comparison): string {
  const { figure, change, low, high, p, samples } = comparison;
  const name = figures.find(({ key }) => key === figure)?.name ?? figure;
  const noise = noiseText(comparison);
  const interval =
    low === undefined || high === undefined ? '' : ` [${percent(low)}, ${percent(high)}]`;
  return [
    `${name} ${percent(change)}${interval}`,
    p < 0.0001 ? 'p < 0.0001' : `p = ${pText(p)}`,
    samples === 1 ? '1 pair' : `${samples} pairs`,
    ...(noise === undefined ? [] : [`noise ${noise}`]),
  ]
    .join(', ')
    .concat(`: ${verdictText(comparison)}`);
}
