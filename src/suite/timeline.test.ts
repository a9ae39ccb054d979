import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { QmpEvent } from '../qmp/events.js';
import { timelineOf } from './timeline.js';
import type { Spoke } from './timeline.js';

function spoke(
  name: string,
  startedAtMs: number,
  events: readonly Omit<QmpEvent, 'index'>[],
): Spoke {
  const side = name === 'source' ? 'source' : 'destination';
  const all = events.map((event, index) => ({ index, ...event }));
  return { name, side, startedAtMs, qmp: { events: { all } } };
}

const status = (receivedAtMs: number, value: string): Omit<QmpEvent, 'index'> => ({
  name: 'MIGRATION',
  data: { status: value },
  receivedAtMs,
});

test('events of both sides are in the order of time, counted from the beginning of the attempt', () => {
  const source = spoke('source', 1010, [
    status(1100, 'setup'),
    { name: 'MIGRATION_PASS', data: { pass: 2 }, receivedAtMs: 1300.12345 },
    { name: 'STOP', data: {}, receivedAtMs: 1400 },
  ]);
  const destination = spoke('destination2', 1020, [status(1350, 'active')]);
  assert.deepEqual(timelineOf([source, destination], 1000), {
    machines: [
      { name: 'source', side: 'source', startMs: 10 },
      { name: 'destination2', side: 'destination', startMs: 20 },
    ],
    events: [
      { ms: 100, machine: 0, name: 'MIGRATION', value: 'setup' },
      { ms: 300.123, machine: 0, name: 'MIGRATION_PASS', value: 2 },
      { ms: 350, machine: 1, name: 'MIGRATION', value: 'active' },
      { ms: 400, machine: 0, name: 'STOP', value: undefined },
    ],
  });
});

test('of very many events the timeline keeps the first and the last, and the number of the others', () => {
  const many = Array.from({ length: 1000 }, (_, index) => status(index, String(index)));
  const timeline = timelineOf([spoke('source', 0, many)], 0);
  assert.equal(timeline?.events.length, 400);
  assert.equal(timeline.leftOut, 600);
  assert.equal(timeline.events[0]?.value, '0');
  assert.equal(timeline.events.at(-1)?.value, '999');
});

test('an attempt that started no QEMU has no timeline', () => {
  assert.equal(timelineOf([], 0), undefined);
});
