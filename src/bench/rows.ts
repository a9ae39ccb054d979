/** The cells of the tables that the console and Markdown show. Pure. */
import { counted } from '../model/text/format.js';
import { printableLine } from '../model/text/printable.js';
import { confidence } from './document.js';
import type { BenchDocument, Comparison, Sample, ScenarioResult } from './document.js';
import { valuesOf } from './compare.js';
import { figures } from './figures.js';
import type { Figure } from './figures.js';
import type { Label } from './order.js';
import { sparkLine } from './spark.js';
import { widthOf } from './narrow.js';
import { medianInterval } from './statistics/many.js';
import { mostPairs } from './verdict.js';

export const percent = (change: number): string => {
  const text = (100 * change).toFixed(Math.abs(change) < 0.1 ? 1 : 0);
  return `${change > 0 ? '+' : ''}${text} %`;
};

/** @param counted what the numbers of a comparison count */
export const comparisonHead = (what: string, counted: string): string[] => [
  'figure',
  what,
  'interval',
  'p',
  counted,
  'verdict',
];

export function comparisonRow(comparison: Comparison): string[] {
  const { figure, change, low, high, p, samples } = comparison;
  return [
    figures.find(({ key }) => key === figure)?.name ?? printableLine(figure),
    percent(change),
    low === undefined || high === undefined ? '' : `${percent(low)} to ${percent(high)}`,
    pText(p),
    String(samples),
    verdictText(comparison),
  ];
}

export const pText = (p: number): string =>
  p < 0.0001 ? '< 0.0001' : p.toFixed(p < 0.001 ? 4 : 3);

export function verdictText({ verdict, samplesNeeded, low }: Comparison): string {
  if (verdict !== 'not-enough-data') return verdict;
  if (low === undefined) return `not enough data (needs at least ${samplesNeeded ?? 0})`;
  const needed = samplesNeeded === undefined ? `more than ${mostPairs}` : `about ${samplesNeeded}`;
  return `not enough data (needs ${needed})`;
}

/** half of the interval's width, in percent: a smaller change cannot be seen */
export function noiseText({ low, high }: Comparison): string | undefined {
  if (low === undefined || high === undefined) return undefined;
  return `±${(50 * (high - low)).toFixed(1)} %`;
}

export function figureHead(labels: readonly Label[], hasSparks = false): string[] {
  return [
    'figure',
    ...labels.flatMap((label) => [`${label}: median`, `${label}: interval`]),
    ...(hasSparks ? labels.map((label) => `${label}: samples`) : []),
  ];
}

/**
 * One row for each figure that any sample has.
 * @param hasSparks with the samples of each side in their order, as a line of blocks on one scale
 */
export function figureRows(
  samples: readonly Sample[],
  labels: readonly Label[],
  hasSparks = false,
): string[][] {
  return figures.flatMap((figure) => {
    const cells = labels.map((label) => cellsOf(figure, valuesOf(samples, label, figure.key)));
    return cells.every((each) => each === undefined)
      ? []
      : [
          [
            figure.name,
            ...cells.flatMap((each) => each ?? ['', '']),
            ...(hasSparks ? sparksOf(samples, labels, figure) : []),
          ],
        ];
  });
}

function sparksOf(samples: readonly Sample[], labels: readonly Label[], { key }: Figure): string[] {
  const sides = labels.map((label) => valuesOf(samples, label, key));
  const all = sides.flat();
  return sides.map((values) => sparkLine(values, Math.min(...all), Math.max(...all)));
}

function cellsOf({ show }: Figure, values: readonly number[]): string[] | undefined {
  if (values.length === 0) return undefined;
  const { median, low, high } = medianInterval(values, confidence);
  return [
    show(median),
    low === undefined || high === undefined ? '' : `${show(low)} to ${show(high)}`,
  ];
}

/**
 * What qualifies the figures of a scenario: failures, raised limits, missing pairs.
 * @param name of the only side, instead of its label
 */
export function remarksOf(
  { samples, isPartial, skipped }: ScenarioResult,
  { pairs, sides, untilWidth }: Pick<BenchDocument, 'pairs' | 'sides' | 'untilWidth'>,
  name?: string,
): string[] {
  if (skipped !== undefined) return [`${name === undefined ? '' : `${name}: `}skipped: ${skipped}`];
  const labels = sides.map(({ label }) => label);
  const width = untilWidth === undefined ? undefined : widthRemark(samples, labels, untilWidth);
  const wanted = untilWidth === undefined ? String(pairs) : `at most ${pairs}`;
  const remarks = sides.flatMap(({ label }) => {
    const own = samples.filter((sample) => sample.label === label);
    const side = name ?? label;
    const passed = own.filter(({ failure }) => failure === undefined);
    const forced = passed.filter(({ measured }) => measured?.isForced === true).length;
    return [
      ...(isPartial ? [`partial: ${side} has ${passed.length} of ${wanted} samples`] : []),
      ...(forced === 0
        ? []
        : [
            `${side}: ${forced} of ${passed.length} migrations did not converge in time, and Drover raised the downtime limit`,
          ]),
      ...own.flatMap(({ failure, pair }) =>
        failure === undefined
          ? []
          : [
              `${side}: ${pair === 0 ? 'the warm-up' : `pair ${pair}`} failed: ${failure.message} (${failure.code})${failure.directory === undefined ? '' : `; evidence: ${failure.directory}`}`,
            ],
      ),
    ];
  });
  if (width === undefined) return remarks;
  return [name === undefined ? width : `${name}: ${width}`, ...remarks];
}

function widthRemark(
  samples: readonly Sample[],
  labels: readonly Label[],
  untilWidth: number,
): string | undefined {
  const width = widthOf(samples, { labels });
  if (width === undefined) return undefined;
  const counts = labels.map((label) =>
    samples.filter((sample) => sample.label === label && sample.measured !== undefined),
  );
  const [first = [], ...others] = counts;
  const pairs = first.filter(({ pair }) =>
    others.every((own) => own.some((sample) => sample.pair === pair)),
  ).length;
  const much = `${(100 * width).toFixed(1)} %`;
  const verdict = width > untilWidth ? `still ${much} wide` : `${much} wide`;
  return `${counted(pairs, labels.length > 1 ? 'pair' : 'migration')}: the interval of the total time is ${verdict}`;
}

export function sideText({ label, qemu, parameters }: BenchDocument['sides'][number]): string {
  const { version, package: packaged, command } = qemu;
  const build = packaged === '' ? '' : ` (${packaged})`;
  const own = Object.entries(parameters).map(([name, value]) => `, ${name}=${String(value)}`);
  return `${label}: QEMU ${version}${build}: ${command}${own.join('')}`;
}

/** what comes before the number of pairs */
export const untilText = (untilWidth: number | undefined): string =>
  untilWidth === undefined
    ? ''
    : `until the interval of the total time is ${trimmed(untilWidth)} wide, at most `;

/** `5 %`, `2.5 %` */
const trimmed = (share: number): string => `${(100 * share).toFixed(1).replace(/\.0$/, '')} %`;

export function designText(document: BenchDocument): string {
  const { sides, pairs, untilWidth, seed, threshold, isSelfTest } = document;
  const until = untilText(untilWidth);
  if (sides.length === 1) {
    return `${until}${counted(pairs, 'migration')} of each scenario, intervals of 95 %`;
  }
  const what = isSelfTest ? 'A against itself, ' : '';
  return `${what}${until}${counted(pairs, 'pair')} of each scenario, seed ${seed}, threshold ${trimmed(threshold)}, intervals of 95 %`;
}
