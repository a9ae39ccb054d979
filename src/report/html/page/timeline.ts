/**
 * One attempt over time: its phases, each QEMU's migration status and events, and the same as a
 * table.
 */
import type { AttemptTimeline } from '../../../model/events.js';
import { endStatuses } from '../../../model/outcome.js';
import { formatMs } from '../../../model/text/format.js';
import type { PageDetail } from '../payload.js';
import { passesOf, stretchesOf } from '../../fold/machine-times.js';
import type { Stretch } from '../../fold/machine-times.js';
import { h, numbers, table } from './dom.js';

interface Bar extends Stretch {
  readonly kind: string;
}

interface Lane {
  readonly name: string;
  readonly bars: readonly Bar[];
  /** moments */
  readonly marks: readonly { readonly text: string; readonly ms: number }[];
}

function machineLanes(timeline: AttemptTimeline, endMs: number): Lane[] {
  return timeline.machines.flatMap(({ name, startMs }, index): Lane[] => {
    const events = timeline.events.filter(({ machine }) => machine === index);
    const changes = stretchesOf(events, 'MIGRATION', endMs);
    const statuses = changes
      .filter(({ text }) => !endStatuses.includes(text))
      .map((stretch): Bar => ({ ...stretch, kind: 'status' }));
    const marks = events
      .filter((event) => event.name !== 'MIGRATION_PASS')
      .filter((event) => event.name !== 'MIGRATION' || endStatuses.includes(String(event.value)))
      .map((event) => ({ text: eventText(event), ms: event.ms }));
    const waiting: Bar = {
      text: 'started',
      startMs,
      endMs: changes[0]?.startMs ?? endMs,
      kind: 'waiting',
    };
    const lane = { name, bars: [waiting, ...statuses], marks };
    const passes = passesOf(events, endMs).map((pass, at): Bar => ({
      ...pass,
      kind: at % 2 === 0 ? 'pass' : 'pass odd',
    }));
    return passes.length === 0
      ? [lane]
      : [lane, { name: `${name}, iterations`, bars: passes, marks: [] }];
  });
}

const eventText = ({ name, value }: AttemptTimeline['events'][number]): string =>
  value === undefined ? name : `${name} ${String(value)}`;

/** Steps of 1, 2 or 5 times a power of ten, about eight of them. */
function ticks(wholeMs: number): number[] {
  const rough = wholeMs / 8;
  const power = 10 ** Math.floor(Math.log10(Math.max(rough, 1e-3)));
  const step = power * ([1, 2, 5].find((each) => each * power >= rough) ?? 10);
  return Array.from({ length: Math.floor(wholeMs / step) + 1 }, (_, index) => index * step);
}

export function timelineSection({ finished }: PageDetail): HTMLElement | undefined {
  const { phases, timeline, durationMs } = finished;
  const wholeMs = Math.max(durationMs, ...phases.map((each) => each.startMs + each.durationMs));
  if (phases.length === 0 || wholeMs <= 0) return undefined;
  const phaseLane: Lane = {
    name: 'phases',
    bars: phases.map(({ phase, startMs, durationMs: takes }, index) => ({
      text: phase,
      startMs,
      endMs: startMs + takes,
      kind: index % 2 === 0 ? 'phase' : 'phase odd',
    })),
    marks: [],
  };
  const lanes = [phaseLane, ...(timeline === undefined ? [] : machineLanes(timeline, durationMs))];
  const percent = (ms: number): string =>
    `${String((Math.min(Math.max(ms, 0), wholeMs) / wholeMs) * 100)}%`;
  const drawn = h(
    'div',
    {
      class: 'timeline',
      role: 'img',
      'aria-label': `Timeline of ${formatMs(durationMs)}; the table below holds the same`,
    },
    ...lanes.map(({ name, bars, marks }) => {
      const track = h('div', { class: 'track' });
      for (const { text, startMs, endMs, kind } of bars) {
        const title = `${text}: ${formatMs(startMs)} to ${formatMs(endMs)}, ${formatMs(endMs - startMs)}`;
        const bar = h('span', { class: `bar ${kind}`, title }, text);
        bar.style.left = percent(startMs);
        bar.style.width = `max(2px, ${String(((endMs - startMs) / wholeMs) * 100)}%)`;
        track.append(bar);
      }
      for (const { text, ms } of marks) {
        const mark = h('span', { class: 'mark', title: `${text}: ${formatMs(ms)}` });
        mark.style.left = percent(ms);
        track.append(mark);
      }
      return h('div', { class: 'lane' }, h('span', { class: 'lane-name' }, name), track);
    }),
    axis(wholeMs, percent),
  );
  return h(
    'section',
    { 'aria-labelledby': 'timeline-title' },
    h('h3', { id: 'timeline-title' }, 'Timeline'),
    drawn,
    h('details', {}, h('summary', {}, 'Timeline as a table'), timelineTable(finished)),
  );
}

function axis(wholeMs: number, percent: (ms: number) => string): HTMLElement {
  const track = h('div', { class: 'track axis' });
  // a label at the very end would not fit into the picture
  for (const ms of ticks(wholeMs).filter((each) => each < wholeMs * 0.94)) {
    const tick = h('span', { class: 'tick' }, formatMs(ms));
    tick.style.left = percent(ms);
    track.append(tick);
  }
  return h('div', { class: 'lane' }, h('span', { class: 'lane-name' }), track);
}

function timelineTable({ phases, timeline }: PageDetail['finished']): HTMLElement {
  const rows = [
    ...phases.map(({ phase, startMs }) => ({ ms: startMs, who: 'test', what: `phase ${phase}` })),
    ...(timeline?.machines ?? []).map(({ name, startMs }) => ({
      ms: startMs,
      who: name,
      what: 'QEMU started',
    })),
    ...(timeline?.events ?? []).map((event) => ({
      ms: event.ms,
      who: timeline?.machines[event.machine]?.name ?? '',
      what: eventText(event),
    })),
  ].sort((a, b) => a.ms - b.ms);
  const leftOut = timeline?.leftOut;
  const shown = table(
    'Timeline',
    [numbers('Time'), 'Who', 'What'],
    rows.map(({ ms, who, what }) => [`${ms.toFixed(1)} ms`, who, what]),
  );
  return leftOut === undefined
    ? shown
    : h('div', {}, shown, h('p', {}, `${String(leftOut)} events in the middle are not kept.`));
}
