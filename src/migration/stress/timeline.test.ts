import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../model/json.js';
import type { QmpEvent } from '../../qmp/events.js';
import { expectationOf, faultsOf, marksOf, progressOf } from './timeline.js';

const event = (sentAtMs: number | undefined, name: string, data: JsonObject = {}): QmpEvent => ({
  index: 0,
  receivedAtMs: 0,
  ...{ sentAtMs, name, data },
});

test('marks are the events of both sides in the order of time', () => {
  const source = [
    event(990, 'MIGRATION', { status: 'setup' }),
    event(1001.25, 'MIGRATION_PASS', { pass: 2 }),
    event(1100, 'STOP'),
    event(1200, 'MIGRATION', { status: 'completed' }),
  ];
  const destination = [
    event(1150, 'RESUME'),
    event(1120, 'NIC_RX_FILTER_CHANGED'),
    event(undefined, 'STOP'),
  ];
  assert.deepEqual(marksOf({ source, destination }, 1000), [
    { atMs: -10, name: 'setup', side: 'source' },
    { atMs: 1.25, name: 'iteration 2', side: 'source' },
    { atMs: 100, name: 'STOP', side: 'source' },
    { atMs: 150, name: 'RESUME', side: 'destination' },
    { atMs: 200, name: 'completed', side: 'source' },
  ]);
});

const ram = { remaining: 10, transferred: 20, 'dirty-pages-rate': 500, mbps: 32.768 };
const answers = [
  { atMs: 1000, answer: { status: 'active', ram: { ...ram, mbps: 0 }, 'expected-downtime': 300 } },
  {
    atMs: 1050,
    answer: { ram: { ...ram, 'page-size': 4096 }, 'expected-downtime': 40 },
  },
  { atMs: 1090, answer: { ram: { ...ram, 'dirty-pages-rate': 0 } } },
  { atMs: 1150, answer: { ram: { ...ram, mbps: 1 }, 'expected-downtime': 7 } },
];

test('progress has what QEMU says, and nothing where it does not say', () => {
  assert.deepEqual(progressOf(answers.slice(0, 1), 900), [
    {
      atMs: 100,
      remainingBytes: 10,
      transferredBytes: 20,
      dirtyPagesPerSecond: 500,
      megabitsPerSecond: 0,
      throttlePercent: undefined,
      expectedDowntimeMs: 300,
    },
  ]);
  assert.equal(
    progressOf([{ atMs: 1, answer: { status: 'setup' } }], 0)[0]?.remainingBytes,
    undefined,
  );
});

test('what QEMU expected is of the last answer before the stop that says it', () => {
  assert.deepEqual(expectationOf(answers, 1100), {
    expectedDowntimeMs: 40,
    // 500 pages of 4 KiB are 16.384 Mbit
    dirtyOverTransfer: 0.5,
  });
  assert.deepEqual(expectationOf([], 1100), {
    expectedDowntimeMs: undefined,
    dirtyOverTransfer: undefined,
  });
});

test('the destination says how long faults took; older ones do not', () => {
  const told = faultsOf({
    'postcopy-blocktime': 133,
    'postcopy-latency': 13478,
    'postcopy-latency-dist': [0, 15, 23],
  });
  assert.deepEqual(told.figures, { postcopyBlocktimeMs: 133, faultLatencyUs: 13.478 });
  assert.deepEqual(told.faultLatency, [0, 15, 23]);
  assert.equal(faultsOf({}).faultLatency, undefined);
});
