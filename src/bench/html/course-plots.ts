/** Drawings of the course of one migration of each side: curves over its phases, and the switchover. */
import * as Plot from '@observablehq/plot';
import type { Markish } from '@observablehq/plot';
import type { Timeline } from '../../model/measured.js';
import type { Label } from '../order.js';
import { bytesScale } from '../units.js';
import type { AxisScale } from '../units.js';
import { curveOf, guestCurve, phasesOf, spanOf, switchoverOf, thinned } from './phases.js';
import type { CurvePoint, Phase } from './phases.js';
import { sideColor } from './sample-plots.js';
import { absent, drawingWidth, drawn, figureOf } from './svg.js';

/** The migration that is drawn for a side. */
export interface Course {
  readonly label: Label;
  /** of its section */
  readonly id: string;
  readonly name: string;
  readonly timeline: Timeline;
}

interface Panel {
  readonly name: string;
  readonly of: (timeline: Timeline) => readonly CurvePoint[];
  readonly scale: (most: number) => AxisScale;
  readonly isStepped?: boolean;
}

const plain = (unit: string) => (): AxisScale => ({ unit, divisor: 1 });

const panels: readonly Panel[] = [
  { name: 'remaining', of: (each) => curveOf(each, 'remainingBytes'), scale: bytesScale },
  {
    name: 'dirty rate',
    of: (each) => curveOf(each, 'dirtyPagesPerSecond'),
    scale: plain('pages/s'),
    isStepped: true,
  },
  { name: 'bandwidth', of: (each) => curveOf(each, 'megabitsPerSecond'), scale: plain('Mbit/s') },
  {
    name: 'throttle',
    of: (each) => curveOf(each, 'throttlePercent'),
    scale: plain('%'),
    isStepped: true,
  },
  { name: 'guest writes', of: guestCurve, scale: plain('pages/s'), isStepped: true },
];

const phaseFill: Readonly<Record<Phase['kind'], string>> = {
  start: 'var(--phase-start)',
  iteration: 'var(--phase-odd)',
  stopped: 'var(--phase-stopped)',
  postcopy: 'var(--phase-postcopy)',
  after: 'var(--phase-start)',
};

/** One figure for each side, with the same axes; and why curves are missing. */
export function courseFigures(courses: readonly Course[]): string[] {
  if (courses.length === 0) {
    return [absent('Course of a migration', 'no run of this scenario has a timeline.')];
  }
  const spans = courses.map(({ timeline }) => spanOf(timeline));
  const span = [
    Math.min(...spans.map(([from]) => from)),
    Math.max(...spans.map(([, to]) => to)),
  ] as const;
  const shown = panels.flatMap((panel) => {
    const curves = courses.map(({ timeline }) => within(panel.of(timeline), span));
    const most = Math.max(0, ...curves.flat().map(({ value }) => value));
    return most === 0 ? [] : [{ panel, most }];
  });
  const missing = panels.filter((panel) => !shown.some((each) => each.panel === panel));
  const figures = courses.map((course) => {
    const drawings = shown.map(({ panel, most }, index) =>
      panelDrawing(course, panel, {
        span,
        most,
        isFirst: index === 0,
        isLast: index === shown.length - 1,
      }),
    );
    const isThinned = panels.some(
      ({ of }) => thinned(of(course.timeline)).length < of(course.timeline).length,
    );
    const remark = `the run nearest to the median total time: ${course.name}; red: the guest is stopped${hasPostcopy(course) ? ', yellow: postcopy' : ''}${isThinned ? '; of each stretch of a long curve only the least and the largest value are drawn' : ''}`;
    return figureOf(`Course of a migration, ${course.label}`, drawings.join(''), remark);
  });
  const why = missing.map(
    ({ name, of }) =>
      `${name} (${courses.some(({ timeline }) => of(timeline).length > 0) ? '0 throughout' : 'not measured'})`,
  );
  return [
    ...(shown.length === 0 ? [] : figures),
    ...(why.length === 0 ? [] : [absent('Not drawn', `${why.join(', ')}.`)]),
  ];
}

const within = (curve: readonly CurvePoint[], [from, to]: readonly [number, number]) =>
  curve.filter(({ atMs }) => atMs >= from && atMs <= to);

interface PanelPlace {
  readonly span: readonly [number, number];
  readonly most: number;
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

function panelDrawing(
  { label, timeline, name }: Course,
  { name: what, of, scale: scaleFor, isStepped }: Panel,
  { span, most, isFirst, isLast }: PanelPlace,
): string {
  const scale = scaleFor(most);
  const time =
    span[1] - span[0] >= 10_000 ? { unit: 's', divisor: 1000 } : { unit: 'ms', divisor: 1 };
  const points = thinned(within(of(timeline), span)).map(({ atMs, value }) => ({
    at: atMs / time.divisor,
    value: value / scale.divisor,
  }));
  return drawn({
    summary: `${what} of ${name} over time: at most ${(most / scale.divisor).toPrecision(3)} ${scale.unit} on either side.`,
    height: (isFirst ? 112 : 90) + (isLast ? 32 : 0),
    marginTop: isFirst ? 40 : 18,
    marginBottom: isLast ? 40 : 8,
    marginLeft: 62,
    x: {
      domain: span.map((ms) => ms / time.divisor),
      label: isLast ? `since the total time began (${time.unit})` : null,
      ticks: isLast ? 6 : [],
    },
    y: {
      domain: [0, most / scale.divisor],
      label: `${what} (${scale.unit})`,
      ticks: 3,
      grid: true,
      nice: true,
    },
    marks: [
      ...phaseMarks(phasesOf(timeline), span, time.divisor, isFirst),
      Plot.ruleX([0], { strokeOpacity: 0.5, strokeDasharray: '2 3' }),
      Plot.line(points, {
        x: 'at',
        y: 'value',
        curve: isStepped === true ? 'step-after' : 'linear',
        stroke: sideColor[label],
        strokeWidth: 1.8,
      }),
    ],
  });
}

const hasPostcopy = ({ timeline }: Course): boolean =>
  timeline.marks.some(({ name }) => name === 'postcopy-active');

function phaseMarks(
  phases: readonly Phase[],
  span: readonly [number, number],
  divisor: number,
  hasNames: boolean,
): Markish[] {
  const odd = phases.filter(({ kind }, index) => kind === 'iteration' && index % 2 === 1);
  const pixels = drawingWidth - 76;
  const isRoomy = ({ name, fromMs, toMs }: Phase): boolean =>
    (pixels * (toMs - fromMs)) / (span[1] - span[0]) > 6.5 * name.length;
  return [
    Plot.rect(
      phases.filter((each) => each.kind !== 'iteration' || !odd.includes(each)),
      {
        x1: ({ fromMs }: Phase) => fromMs / divisor,
        x2: ({ toMs }: Phase) => toMs / divisor,
        fill: ({ kind }: Phase) => phaseFill[kind],
        title: ({ name, fromMs, toMs }: Phase) => `${name}: ${(toMs - fromMs).toFixed(1)} ms`,
      },
    ),
    ...(hasNames
      ? [
          Plot.text(phases.filter(isRoomy), {
            x: ({ fromMs, toMs }: Phase) => (fromMs + toMs) / 2 / divisor,
            text: 'name',
            frameAnchor: 'top',
            dy: -15,
            fontSize: 11,
          }),
        ]
      : []),
  ];
}

/** The guest's speed of each side, before, in and after the downtime; time 0: the source stopped. */
export function switchoverFigure(courses: readonly Course[]): string {
  const title = 'Guest speed around the switchover';
  const curves = courses.flatMap(({ label, timeline }) => {
    const curve = guestCurve(timeline);
    const switchover = switchoverOf(timeline);
    if (curve.length === 0 || switchover === undefined) return [];
    const [stop, resume] = switchover;
    return [
      { label, curve, stop, downtime: resume - stop, binMs: timeline.guestSpeed?.binMs ?? 0 },
    ];
  });
  if (curves.length === 0) {
    return absent(title, 'Drover did not measure the speed of the guest in these runs.');
  }
  const longest = Math.max(...curves.map(({ downtime }) => downtime));
  const around = Math.max(longest, 15 * Math.max(...curves.map(({ binMs }) => binMs)));
  const points = curves.flatMap(({ label, curve, stop }) =>
    thinned(
      curve
        .map(({ atMs, value }) => ({ atMs: atMs - stop, value }))
        .filter(({ atMs }) => atMs >= -around && atMs <= longest + around),
    ).map((each) => ({ ...each, label })),
  );
  const svg = drawn({
    summary: `Pages per second that the guest wrote; ${curves.map(({ label, downtime }) => `${label} was stopped for ${downtime.toFixed(1)} ms`).join(', ')}.`,
    height: 210,
    marginLeft: 62,
    x: { label: 'time since the source stopped (ms)', domain: [-around, longest + around] },
    y: { label: 'guest writes (pages/s)', grid: true, nice: true },
    marks: [
      Plot.rect(curves, {
        x1: 0,
        x2: 'downtime',
        fill: ({ label }: { readonly label: Label }) => sideColor[label],
        fillOpacity: 0.12,
      }),
      ...curves.map(({ label }) =>
        Plot.line(
          points.filter((each) => each.label === label),
          {
            x: 'atMs',
            y: 'value',
            curve: 'step-after',
            stroke: sideColor[label],
            strokeWidth: 1.8,
            strokeDasharray: label === 'B' ? '6 3' : undefined,
          },
        ),
      ),
    ],
  });
  const stopped = curves.map(({ label, downtime }) => `${label} ${downtime.toFixed(1)} ms`);
  return figureOf(title, svg, `shaded: the guest is stopped (${stopped.join(', ')})`);
}
