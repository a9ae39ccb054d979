/** Drawings of what the downtime, the processor time and the faults of postcopy consist of. */
import * as Plot from '@observablehq/plot';
import { max, median, sum } from 'simple-statistics';
import type { DowntimePart, ProcessorShare } from '../../model/measured.js';
import type { Label } from '../order.js';
import type { Course } from './course-plots.js';
import type { Run } from './runs.js';
import { shortName } from './runs.js';
import { sideColor } from './sample-plots.js';
import { absent, drawn, figureOf } from './svg.js';

/** devices that are drawn; the others are counted */
const mostDevices = 10;

/** Steps one after another, then the slowest devices. One figure for each side. */
export function waterfallFigures(courses: readonly Course[]): string[] {
  const title = 'What the downtime consists of';
  const known = courses.filter(({ timeline }) => timeline.downtimeParts.length > 0);
  if (known.length === 0) {
    return [absent(title, 'QEMU reported no steps of the switchover (trace events).')];
  }
  const falls = known.map(({ label, name, timeline }) => ({
    label,
    name,
    ...fallOf(timeline.downtimeParts),
  }));
  const most = Math.max(...falls.flatMap(({ rows }) => rows.map(({ toMs }) => toMs)));
  return falls.map(({ label, name, rows, left }) => {
    const svg = drawn({
      summary: `${label}: ${rows.map((row) => `${row.text} ${row.ms.toFixed(2)} ms`).join(', ')}.`,
      height: 60 + 20 * rows.length,
      width: 440,
      marginLeft: 205,
      marginRight: 48,
      x: { label: 'time (ms)', domain: [0, most], grid: true },
      y: {
        label: null,
        domain: rows.map(({ key }) => key),
        tickFormat: (key: string) => key.slice(key.indexOf(' ') + 1),
      },
      marks: [
        Plot.barX(rows, {
          x1: 'fromMs',
          x2: 'toMs',
          y: 'key',
          fill: ({ kind }: DowntimePart) => (kind === 'step' ? sideColor[label] : 'var(--quiet)'),
        }),
        Plot.text(rows, {
          x: 'toMs',
          y: 'key',
          text: ({ ms }: DowntimePart) => ms.toFixed(ms < 10 ? 2 : 1),
          textAnchor: 'start',
          dx: 4,
        }),
        Plot.ruleX([0]),
      ],
    });
    const rest = left === 0 ? '' : `; ${left} quicker devices are not drawn`;
    return figureOf(
      `${title}, ${label}`,
      svg,
      `${name}. Coloured: steps, one after another. Grey: devices, each alone${rest}`,
    );
  });
}

/** Rows with a key of their own, since names may repeat. Pure. */
export function fallOf(parts: readonly DowntimePart[]) {
  let atMs = 0;
  const steps = parts
    .filter(({ kind }) => kind === 'step')
    .map((part) => ({ ...part, fromMs: atMs, toMs: (atMs += part.ms) }));
  const devices = parts.filter(({ kind }) => kind === 'device').toSorted((a, b) => b.ms - a.ms);
  const slowest = devices
    .slice(0, mostDevices)
    .map((part) => ({ ...part, fromMs: 0, toMs: part.ms }));
  const rows = [...steps, ...slowest].map((row, index) => {
    const text = `${machineName[row.side]}: ${shortName(row.name, 28)}`;
    return { ...row, text, key: `${index} ${text}` };
  });
  return { rows, left: devices.length - slowest.length };
}

const machineName = { source: 'src', destination: 'dst' } as const;
const threadName = ({ side, threads }: ProcessorShare): string =>
  shortName(`${machineName[side]}: ${threads}`, 26);

/** Median over the runs of each side, by class of thread; a run without such threads counts as 0. */
export function processorFigure(runs: readonly Run[], labels: readonly Label[]): string {
  const title = 'Processor time by threads';
  const { names, rows } = processorRows(runs, labels);
  if (rows.length === 0) return absent(title, 'no run has the processor time of its threads.');
  const most = max(rows.map(({ ms }) => ms));
  const unit = most >= 10_000 ? { unit: 's', divisor: 1000 } : { unit: 'ms', divisor: 1 };
  const svg = drawn({
    summary: `Median processor time: ${rows.map(({ name, label, ms }) => `${name} of ${label} ${ms.toFixed(0)} ms`).join(', ')}.`,
    height: 60 + names.length * (8 + 15 * labels.length),
    marginLeft: 155,
    marginRight: 40,
    x: { label: `processor time (${unit.unit})`, grid: true },
    y: { axis: null, domain: labels, padding: 0.1 },
    fy: { label: null, domain: names, axis: 'left', padding: 0.25 },
    marks: [
      Plot.barX(rows, {
        x: ({ ms }: { ms: number }) => ms / unit.divisor,
        y: 'label',
        fy: 'name',
        fill: ({ label }: { label: Label }) => sideColor[label],
      }),
      Plot.text(rows, {
        x: ({ ms }: { ms: number }) => ms / unit.divisor,
        y: 'label',
        fy: 'name',
        text: 'label',
        textAnchor: 'start',
        dx: 4,
        fontSize: 10,
      }),
      Plot.ruleX([0]),
    ],
  });
  return figureOf(title, svg, 'median of all runs; the guest is part of vCPU');
}

/** Names with the source first, and a row for each name and side. Pure. */
export function processorRows(runs: readonly Run[], labels: readonly Label[]) {
  const known = runs.flatMap(({ sample: { label, timeline } }) => {
    const shares = timeline?.processor ?? [];
    const ms = new Map<string, number>();
    for (const share of shares) {
      const name = threadName(share);
      ms.set(name, (ms.get(name) ?? 0) + share.ms);
    }
    return shares.length === 0 ? [] : [{ label, ms }];
  });
  const names = [...new Set(known.flatMap(({ ms }) => [...ms.keys()]))].sort((a, b) =>
    b.localeCompare(a, 'en'),
  );
  const rows = names.flatMap((name) =>
    labels.flatMap((label) => {
      const own = known.filter((each) => each.label === label);
      return own.length === 0
        ? []
        : [{ name, label, ms: median(own.map(({ ms }) => ms.get(name) ?? 0)) }];
    }),
  );
  return { names, rows };
}

/** Faults of postcopy of all runs by latency, in buckets that double. */
export function faultFigure(runs: readonly Run[], labels: readonly Label[]): string | undefined {
  const title = 'Faults of postcopy by latency';
  const known = runs.filter(({ sample }) => sample.timeline?.faultLatency !== undefined);
  if (known.length === 0) {
    const isPostcopy = runs.some(({ sample }) =>
      sample.timeline?.marks.some(({ name }) => name === 'postcopy-active'),
    );
    return isPostcopy ? absent(title, 'QEMU does not report it (10.1 and later do).') : undefined;
  }
  const bars = labels.flatMap((label, column) => {
    const own = known.flatMap(({ sample }) =>
      sample.label === label ? [sample.timeline?.faultLatency ?? []] : [],
    );
    const size = Math.max(0, ...own.map(({ length }) => length));
    const counts = Array.from({ length: size }, (_, n) => sum(own.map((each) => each[n] ?? 0)));
    const all = sum(counts);
    return counts.flatMap((count, n) =>
      count === 0 ? [] : [{ label, n, column, count, share: (100 * count) / all }],
    );
  });
  if (bars.length === 0) return absent(title, 'no access of the guest had to wait for a page.');
  const ends = [
    Math.min(...bars.map(({ n }) => n)),
    Math.max(...bars.map(({ n }) => n)) + 1,
  ] as const;
  const width = 1 / labels.length;
  type Bar = (typeof bars)[number];
  const svg = drawn({
    summary: `Latency of ${sum(bars.map(({ count }) => count))} faults, from ${microseconds(ends[0])} to ${microseconds(ends[1])}.`,
    height: 200,
    marginLeft: 44,
    x: {
      label: 'latency of a fault (µs, doubling)',
      domain: ends,
      ticks: Array.from({ length: ends[1] - ends[0] + 1 }, (_, index) => ends[0] + index).filter(
        (n) => n % (ends[1] - ends[0] > 9 ? 2 : 1) === 0,
      ),
      tickFormat: microseconds,
    },
    y: { label: 'share of the faults (%)', grid: true },
    marks: [
      Plot.rect(bars, {
        x1: ({ n, column }: Bar) => n + column * width,
        x2: ({ n, column }: Bar) => n + (column + 1) * width,
        y1: 0,
        y2: 'share',
        insetLeft: 1,
        insetRight: 1,
        fill: ({ label }: Bar) => sideColor[label],
        title: ({ label, n, count }: Bar) =>
          `${label}: ${count} faults of ${microseconds(n)} to ${microseconds(n + 1)}`,
      }),
      Plot.ruleY([0]),
    ],
  });
  return figureOf(title, svg, 'all runs together');
}

function microseconds(n: number): string {
  if (n < 10) return `${2 ** n} µs`;
  return n < 20 ? `${2 ** (n - 10)} ms` : `${2 ** (n - 20)} s`;
}
