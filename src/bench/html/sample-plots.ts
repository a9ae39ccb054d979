/** Drawings of all samples of one figure in one scenario: each point leads to its run. */
import * as Plot from '@observablehq/plot';
import type { Markish } from '@observablehq/plot';
import { percent } from '../rows.js';
import type { Comparison } from '../document.js';
import { confidence } from '../document.js';
import type { Figure } from '../figures.js';
import type { Label } from '../order.js';
import { medianInterval } from '../statistics/many.js';
import { axisLabel, scaleOf } from '../units.js';
import { linkTo, pointTitle, pointsOf, runName } from './runs.js';
import type { Point, Run } from './runs.js';
import { drawn } from './svg.js';

/** A and B differ in shape as well as in colour. */
export const sideColor: Readonly<Record<Label, string>> = {
  A: 'var(--side-a)',
  B: 'var(--side-b)',
};
const sideSymbol = { A: 'circle', B: 'triangle' } as const;

export interface Samples {
  readonly figure: Figure;
  readonly labels: readonly Label[];
  readonly runs: readonly Run[];
}

/** @returns undefined without values */
function prepared({ figure, labels, runs }: Samples) {
  const points = pointsOf(runs, figure.key);
  if (points.length === 0) return undefined;
  const scale = scaleOf(figure.key, Math.max(...points.map(({ value }) => value)));
  return {
    points,
    scale,
    label: axisLabel(figure.name, scale),
    sides: labels.flatMap((label) => {
      const own = points.filter((point) => point.label === label);
      if (own.length === 0) return [];
      const shift = medianInterval(
        own.map(({ value }) => value),
        confidence,
      );
      return [{ label, points: own, ...shift }];
    }),
  };
}

function dots(
  points: readonly Point[],
  label: Label,
  figure: Figure,
  place: { readonly x: (point: Point) => number; readonly y: (point: Point) => number },
): Markish {
  return Plot.dot(points, {
    ...place,
    r: 3.5,
    symbol: sideSymbol[label],
    stroke: sideColor[label],
    fill: sideColor[label],
    fillOpacity: 0.35,
    title: (point: Point) => pointTitle(point, figure),
    href: linkTo,
  });
}

/** Each sample, with the median of each side and its interval. */
export function stripPlot(input: Samples, hasStops: boolean): string | undefined {
  const found = prepared(input);
  if (found === undefined) return undefined;
  const { figure } = input;
  const { sides, scale, label: axis } = found;
  const row = (label: Label): number => input.labels.indexOf(label);
  const scaled = (value: number): number => value / scale.divisor;
  return drawn({
    summary: `${figure.name} of each migration. ${sides.map(({ label, median, points }) => `${label}: median ${figure.show(median)} of ${points.length}`).join('; ')}.`,
    hasStops,
    height: 72 + 65 * input.labels.length,
    marginLeft: 30,
    x: { label: axis, grid: true, nice: true },
    y: {
      domain: [-0.5, input.labels.length - 0.5],
      reverse: true,
      ticks: input.labels.map((_, index) => index),
      tickFormat: (index: number) => input.labels[index] ?? '',
      label: null,
    },
    marks: sides.flatMap(({ label, points, median, low, high }): Markish[] => [
      ...(low === undefined || high === undefined
        ? []
        : [
            Plot.ruleY([row(label) + 0.34], {
              x1: scaled(low),
              x2: scaled(high),
              stroke: sideColor[label],
              strokeWidth: 2,
            }),
          ]),
      Plot.ruleX([scaled(median)], {
        y1: row(label) + 0.22,
        y2: row(label) + 0.46,
        stroke: sideColor[label],
        strokeWidth: 3,
      }),
      dots(points, label, figure, {
        x: ({ value }) => scaled(value),
        // apart, where several are equal
        y: ({ run }) => row(label) - 0.3 + 0.08 * (run.sample.pair % 6),
      }),
    ]),
  });
}

/** Of each pair how much more B has than A, and the interval of the change. */
export function pairedPlot(
  { figure, runs }: Samples,
  { change, low, high }: Comparison,
  threshold: number,
): string | undefined {
  const points = pointsOf(runs, figure.key);
  const pairs = points.flatMap((point) => {
    const other = points.find(
      ({ label, run }) => label === 'A' && run.sample.pair === point.run.sample.pair,
    );
    if (point.label !== 'B' || other === undefined || other.value <= 0 || point.value <= 0)
      return [];
    return [{ point, other, change: 100 * (point.value / other.value - 1) }];
  });
  if (pairs.length === 0) return undefined;
  const most = Math.max(...pairs.map(({ point }) => point.run.sample.pair));
  const limits = [100 * (1 / (1 + threshold) - 1), 100 * threshold];
  const percents = [change, low, high].map((each) => 100 * (each ?? change));
  return drawn({
    summary: `B against A in ${figure.name}, pair by pair: ${percent(change)}${low === undefined || high === undefined ? '' : `, interval ${percent(low)} to ${percent(high)}`}.`,
    height: 225,
    marginLeft: 48,
    x: { label: 'pair', domain: [0.5, most + 0.5], ticks: Math.min(most, 12), tickFormat: 'd' },
    y: { label: 'B against A (%)', grid: true, nice: true },
    marks: [
      Plot.rect([0], {
        x1: 0.5,
        x2: most + 0.5,
        y1: limits[0],
        y2: limits[1],
        fill: 'var(--band)',
      }),
      ...(low === undefined || high === undefined
        ? []
        : [
            Plot.rect([0], {
              x1: 0.5,
              x2: most + 0.5,
              y1: percents[1],
              y2: percents[2],
              fill: 'var(--side-b)',
              fillOpacity: 0.18,
            }),
          ]),
      Plot.ruleY([0]),
      Plot.ruleY([percents[0] ?? 0], { stroke: 'var(--side-b)', strokeWidth: 2 }),
      Plot.dot(pairs, {
        x: ({ point }: (typeof pairs)[number]) => point.run.sample.pair,
        y: 'change',
        r: 3.5,
        stroke: 'currentColor',
        fill: 'currentColor',
        fillOpacity: 0.35,
        title: ({ point, other, change: own }: (typeof pairs)[number]) =>
          `pair ${point.run.sample.pair}: A ${figure.show(other.value)}, B ${figure.show(point.value)}: ${percent(own / 100)}`,
        href: ({ point }: (typeof pairs)[number]) => linkTo(point),
      }),
    ],
  });
}

/** Which share of the migrations took at most this time. */
export function distributionPlot(input: Samples): string | undefined {
  const found = prepared(input);
  if (found === undefined) return undefined;
  const { figure } = input;
  const { sides, scale, label: axis, points } = found;
  const values = points.map(({ value }) => value / scale.divisor);
  const ends = [Math.min(...values), Math.max(...values)] as const;
  const room = (ends[1] - ends[0]) * 0.04;
  return drawn({
    summary: `Cumulative distribution of ${figure.name}: ${sides.map(({ label, points: own }) => `${label}: ${own.length} migrations`).join('; ')}.`,
    height: 215,
    marginLeft: 40,
    x: { label: axis, domain: [ends[0] - room, ends[1] + room] },
    y: { label: 'share of the migrations (%)', domain: [0, 100], grid: true },
    marks: sides.flatMap(({ label, points: own }): Markish[] => {
      const sorted = own.toSorted((a, b) => a.value - b.value);
      const steps = sorted.map((point, index) => ({
        point,
        value: point.value / scale.divisor,
        share: (100 * (index + 1)) / sorted.length,
      }));
      const line = [
        { value: ends[0] - room, share: 0 },
        ...steps,
        { value: ends[1] + room, share: 100 },
      ];
      return [
        Plot.lineY(line, {
          x: 'value',
          y: 'share',
          curve: 'step-after',
          stroke: sideColor[label],
          strokeWidth: 2,
          strokeDasharray: label === 'B' ? '6 3' : undefined,
        }),
        Plot.text(steps.slice(-1), {
          x: 'value',
          y: 'share',
          text: () => label,
          dy: label === 'A' ? 12 : 26,
          textAnchor: 'end',
          dx: -6,
          fill: sideColor[label],
          fontWeight: 'bold',
        }),
      ];
    }),
  });
}

/** All runs in the order in which they ran: does the host drift? Failed ones are crosses at the edge. */
export function orderPlot(input: Samples): string | undefined {
  const found = prepared(input);
  if (found === undefined) return undefined;
  const { figure, runs } = input;
  const { sides, scale, label: axis } = found;
  const failed = runs.filter(({ sample }) => sample.failure !== undefined);
  return drawn({
    summary: `${figure.name} in the order in which the ${runs.length} migrations ran; ${failed.length} failed.`,
    height: 215,
    marginLeft: 48,
    x: {
      label: 'order of the runs',
      domain: [0.5, runs.length + 0.5],
      tickFormat: 'd',
      ticks: Math.min(runs.length, 12),
    },
    y: { label: axis, grid: true, nice: true },
    marks: [
      ...sides.flatMap(({ label, points: own }): Markish[] => [
        Plot.line(own, {
          x: ({ run }: Point) => run.order,
          y: ({ value }: Point) => value / scale.divisor,
          stroke: sideColor[label],
          strokeOpacity: 0.5,
          strokeDasharray: label === 'B' ? '6 3' : undefined,
        }),
        dots(own, label, figure, {
          x: ({ run }) => run.order,
          y: ({ value }) => value / scale.divisor,
        }),
      ]),
      Plot.dot(failed, {
        x: 'order',
        frameAnchor: 'bottom',
        dy: -7,
        symbol: 'times',
        r: 5,
        stroke: 'var(--alert)',
        strokeWidth: 2.5,
        title: (run: Run) => `${runName(run)}: failed`,
        href: ({ id }: Run) => `#${id}`,
      }),
    ],
  });
}
