/** Formats of services that keep benchmarks, both JSON: Bencher, and github-action-benchmark. Pure. */
import { sideText } from '../rows.js';
import type { BenchDocument } from '../document.js';
import { isLessBetter, unitOf } from '../units.js';
import { benchmarkName, kebab, summarized } from './summary.js';

/** Bencher Metric Format: benchmark, measure, value with its interval. */
export function bencherMetrics(document: BenchDocument): string {
  const metrics: Record<string, Record<string, object>> = {};
  for (const { result, label, figure, median, low, high } of summarized(document)) {
    const measures = (metrics[benchmarkName(result, label, document)] ??= {});
    measures[kebab(figure.key)] = { value: median, lower_value: low, upper_value: high };
  }
  return `${JSON.stringify(metrics, null, 2)}\n`;
}

/** `customSmallerIsBetter`: a figure of which more is better has no place in it. */
export function githubActionBenchmark(document: BenchDocument): string {
  const entries = summarized(document)
    .filter(({ figure }) => isLessBetter(figure.key))
    .map(({ result, label, figure, median, low, high, count }) => {
      const side = document.sides.find((each) => each.label === label);
      return {
        name: `${benchmarkName(result, label, document)}: ${figure.name}`,
        unit: unitOf(figure.key),
        value: median,
        range: low === undefined || high === undefined ? undefined : `${low} to ${high}`,
        extra: `median of ${count} migrations\n${side === undefined ? '' : sideText(side)}`,
      };
    });
  return `${JSON.stringify(entries, null, 2)}\n`;
}
