/** Drawings over several scenarios: figures against a value that was varied, and cost against speed. */
import * as Plot from '@observablehq/plot';
import type { Markish } from '@observablehq/plot';
import { median } from 'simple-statistics';
import { groupBy } from '../../model/group-by.js';
import { valuesOf } from '../compare.js';
import { confidence } from '../document.js';
import type { BenchDocument, ScenarioResult } from '../document.js';
import { figures } from '../figures.js';
import type { Figure } from '../figures.js';
import type { Label } from '../order.js';
import { medianInterval } from '../statistics/many.js';
import { axisLabel, scaleOf } from '../units.js';
import { shortName } from './runs.js';
import { sideColor } from './sample-plots.js';
import { absent, drawn, figureOf, wideWidth } from './svg.js';

interface Step {
  readonly value: number;
  readonly result: ScenarioResult;
}

/** Scenarios that differ in nothing but this field, a number. */
export interface Series {
  readonly field: string;
  /** of the first scenario */
  readonly name: string;
  readonly steps: readonly Step[];
}

/** Pure. */
export function seriesIn(results: readonly ScenarioResult[]): Series[] {
  const flat = results
    .filter(({ samples }) => samples.some(({ measured }) => measured !== undefined))
    .map((result) => ({ result, fields: fieldsOf(result.scenario) }));
  const names = new Set(flat.flatMap(({ fields }) => [...fields.keys()]));
  return [...names].flatMap((field): Series[] => {
    const groups = groupBy(flat, ({ fields }) => others(fields, field));
    return [...groups.values()].flatMap((group): Series[] => {
      const steps = group.flatMap(({ result, fields }): Step[] => {
        const value = fields.get(field);
        return typeof value === 'number' ? [{ value, result }] : [];
      });
      const values = new Set(steps.map(({ value }) => value));
      if (values.size < 2 || values.size < group.length) return [];
      steps.sort((a, b) => a.value - b.value);
      return [{ field, name: steps[0]?.result.scenario.name ?? '', steps }];
    });
  });
}

type Value = string | number | boolean;

function fieldsOf({ name: _name, ...groups }: ScenarioResult['scenario']): Map<string, Value> {
  const fields = new Map<string, Value>();
  const add = (prefix: string, value: unknown): void => {
    if (typeof value === 'object' && value !== null) {
      for (const [key, each] of Object.entries(value))
        add(prefix === '' ? key : `${prefix}.${key}`, each);
    } else if (value !== undefined) fields.set(prefix, value as Value);
  };
  add('', groups);
  return fields;
}

const others = (fields: ReadonlyMap<string, Value>, field: string): string =>
  JSON.stringify(
    [...fields].filter(([name]) => name !== field).sort(([a], [b]) => (a < b ? -1 : 1)),
  );

/** Medians and intervals against the value that was varied. */
export function scalingFigures(document: BenchDocument): string[] {
  const labels = document.sides.map(({ label }) => label);
  const drawnFigures = figures.filter(
    ({ key, isJudged }) => isJudged === true || key === 'megabitsPerSecond',
  );
  return seriesIn(document.scenarios).flatMap(({ field, name, steps }) => {
    const short = field.slice(field.lastIndexOf('.') + 1);
    return drawnFigures.flatMap((figure) => {
      const svg = scalingPlot(figure, short, steps, labels);
      const remark = `${shortName(name, 60)} with other values; median with interval`;
      return svg === undefined ? [] : [figureOf(`${figure.name} by ${short}`, svg, remark)];
    });
  });
}

function scalingPlot(
  figure: Figure,
  field: string,
  steps: readonly Step[],
  labels: readonly Label[],
): string | undefined {
  const points = steps.flatMap(({ value, result }) =>
    labels.flatMap((label) => {
      const values = valuesOf(result.samples, label, figure.key);
      return values.length === 0
        ? []
        : [{ at: value, label, ...medianInterval(values, confidence) }];
    }),
  );
  if (points.length === 0) return undefined;
  const ats = [...new Set(steps.map(({ value }) => value))];
  const [least = 1, most = 1] = [ats[0], ats.at(-1)];
  const isLog = least > 0 && most / least >= 4;
  const scale = scaleOf(figure.key, Math.max(...points.map((each) => each.high ?? each.median)));
  type Point = (typeof points)[number];
  const scaled = (value: number | undefined): number | undefined =>
    value === undefined ? undefined : value / scale.divisor;
  return drawn({
    summary: `Median ${figure.name} by ${field}: ${points.map(({ at, label, median: middle }) => `${label} at ${at}: ${figure.show(middle)}`).join(', ')}.`,
    height: 220,
    marginLeft: 56,
    marginRight: 28,
    x: {
      label: field,
      type: isLog ? 'log' : 'linear',
      ticks: ats,
      tickFormat: (value: number) => String(value),
    },
    y: { label: axisLabel(figure.name, scale), grid: true, zero: true, nice: true },
    marks: labels.flatMap((label): Markish[] => {
      const own = points.filter((each) => each.label === label);
      return [
        Plot.line(own, {
          x: 'at',
          y: (each: Point) => scaled(each.median),
          stroke: sideColor[label],
          strokeWidth: 1.8,
          strokeDasharray: label === 'B' ? '6 3' : undefined,
        }),
        Plot.ruleX(own, {
          x: 'at',
          y1: (each: Point) => scaled(each.low ?? each.median),
          y2: (each: Point) => scaled(each.high ?? each.median),
          stroke: sideColor[label],
          strokeWidth: 2,
        }),
        Plot.dot(own, {
          x: 'at',
          y: (each: Point) => scaled(each.median),
          fill: sideColor[label],
          symbol: label === 'A' ? 'circle' : 'triangle',
          title: (each: Point) => `${label} at ${each.at}: ${figure.show(each.median)}`,
        }),
        Plot.text(own.slice(-1), {
          x: 'at',
          y: (each: Point) => scaled(each.median),
          text: () => label,
          dx: 12,
          dy: label === 'A' ? -6 : 6,
          fill: sideColor[label],
          fontWeight: 'bold',
        }),
      ];
    }),
  });
}

/** What a scenario costs: processor time of both QEMUs for each 10^9 bytes sent. Pure. */
export function costsOf({ scenarios, sides }: BenchDocument) {
  return scenarios.flatMap(({ scenario, samples }, index) =>
    sides.flatMap(({ label }) => {
      const costs = samples.flatMap(({ label: each, measured }) => {
        const { sourceProcessorMs, destinationProcessorMs, transferredBytes } = measured ?? {};
        if (each !== label || sourceProcessorMs === undefined || transferredBytes === undefined) {
          return [];
        }
        const bytes = transferredBytes - (measured?.sentBeforeBytes ?? 0);
        const seconds = (sourceProcessorMs + (destinationProcessorMs ?? 0)) / 1000;
        return bytes > 0 ? [(seconds * 1e9) / bytes] : [];
      });
      const speeds = valuesOf(samples, label, 'megabitsPerSecond');
      if (costs.length === 0 || speeds.length === 0) return [];
      const name = scenario.name;
      return [{ name, index, label, secondsPerGB: median(costs), megabits: median(speeds) }];
    }),
  );
}

export function costFigure(document: BenchDocument): string {
  const title = 'Cost against speed';
  const costs = costsOf(document);
  if (costs.length === 0)
    return absent(title, 'no sample has processor time, bytes and throughput.');
  type Cost = (typeof costs)[number];
  const names = labelsOf(costs);
  const svg = drawn({
    summary: `Processor seconds per gigabyte sent against throughput: ${costs.map(({ name, label, secondsPerGB, megabits }) => `${shortName(name, 40)} ${label}: ${secondsPerGB.toFixed(2)} s at ${megabits.toFixed(0)} Mbit/s`).join(', ')}.`,
    width: wideWidth,
    height: costHeight,
    marginLeft: 60,
    marginRight: 190,
    x: { label: 'throughput (Mbit/s)', grid: true, nice: true },
    y: { label: 'processor, both QEMUs (s per GB sent)', grid: true, nice: true },
    marks: [
      Plot.line(costs, {
        x: 'megabits',
        y: 'secondsPerGB',
        z: 'index',
        stroke: 'var(--quiet)',
      }),
      ...document.sides.map(({ label }) =>
        Plot.dot(
          costs.filter((each) => each.label === label),
          {
            x: 'megabits',
            y: 'secondsPerGB',
            r: 5,
            symbol: label === 'A' ? 'circle' : 'triangle',
            fill: sideColor[label],
            fillOpacity: 0.5,
            stroke: sideColor[label],
            title: ({ name, secondsPerGB, megabits }: Cost) =>
              `${label}, ${shortName(name, 80)}: ${secondsPerGB.toFixed(2)} s per GB at ${megabits.toFixed(0)} Mbit/s`,
            href: ({ index }: Cost) => `#scenario-${index + 1}`,
          },
        ),
      ),
      Plot.text(names, {
        x: 'megabits',
        y: 'secondsPerGB',
        text: ({ name }: Cost) => shortName(name),
        textAnchor: 'start',
        dx: 9,
        fontSize: 11,
      }),
    ],
  });
  return figureOf(
    title,
    svg,
    'medians, A and B of a scenario joined; to the right is faster, below is cheaper',
    true,
  );
}

const costHeight = 320;

/** One name for each scenario, beside its faster side, moved down where two would overlap. */
function labelsOf<C extends ReturnType<typeof costsOf>[number]>(costs: readonly C[]): C[] {
  const fastest = [...groupBy(costs, ({ index }) => index).values()].flatMap(
    (own) => own.toSorted((a, b) => b.megabits - a.megabits)[0] ?? [],
  );
  const extent = (values: readonly number[]): number => Math.max(...values) - Math.min(...values);
  const high = (14 / (costHeight - 72)) * extent(costs.map(({ secondsPerGB }) => secondsPerGB));
  const wide = 0.25 * extent(costs.map(({ megabits }) => megabits));
  const placed: C[] = [];
  for (const cost of fastest.toSorted((a, b) => b.secondsPerGB - a.secondsPerGB)) {
    let { secondsPerGB } = cost;
    for (const other of placed) {
      const isBeside = Math.abs(other.megabits - cost.megabits) < wide;
      if (isBeside) secondsPerGB = Math.min(secondsPerGB, other.secondsPerGB - high);
    }
    placed.push({ ...cost, secondsPerGB });
  }
  return placed;
}
