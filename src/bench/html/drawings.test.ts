/** What the drawings are made of: phases, curves, series of scenarios, steps of the downtime. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mark } from '../../model/measured.js';
import { madeDocument, madeSamples } from '../bench.fixtures.js';
import { costsOf, seriesIn } from './across-plots.js';
import { fallOf, processorRows } from './downtime-plots.js';
import { mostPoints, phasesOf, switchoverOf, thinned } from './phases.js';
import { medianRun, runsOf } from './runs.js';
import { madePage, madeTimeline } from './timeline.fixtures.js';

const marked = (marks: readonly Mark[]) => ({
  ...madeTimeline(1, false),
  marks,
  progress: [],
  guestSpeed: undefined,
});
const at = (atMs: number, name: string, side: Mark['side'] = 'source'): Mark => ({
  atMs,
  name,
  side,
});

test('phases are the iterations, the downtime until the destination runs, and what follows', () => {
  const precopy = marked([
    at(0, 'iteration 1'),
    at(50, 'iteration 2'),
    at(80, 'STOP'),
    // the last pass, and QEMU's `completed` before the destination runs, are part of the downtime
    at(82, 'iteration 3'),
    at(85, 'completed'),
    at(90, 'RESUME', 'destination'),
    at(95, 'completed', 'destination'),
  ]);
  assert.deepEqual(
    phasesOf(precopy).map(({ name, fromMs, toMs }) => [name, fromMs, toMs]),
    [
      ['iteration 1', 0, 50],
      ['iteration 2', 50, 80],
      ['guest stopped', 80, 90],
      ['after', 90, 95],
    ],
  );
  assert.deepEqual(switchoverOf(precopy), [80, 90]);
});

test('what was before the total time, and postcopy, are phases of their own', () => {
  const postcopy = marked([
    at(-20, 'setup'),
    at(-10, 'active', 'destination'),
    at(0, 'active'),
    at(40, 'STOP'),
    at(41, 'postcopy-active'),
    at(44, 'RESUME', 'destination'),
    at(99, 'completed'),
  ]);
  assert.deepEqual(
    phasesOf(postcopy).map(({ kind, fromMs, toMs }) => [kind, fromMs, toMs]),
    [
      ['start', -20, 0],
      ['iteration', 0, 40],
      ['stopped', 40, 44],
      ['postcopy', 44, 99],
    ],
  );
});

test('a timeline without marks has one phase or none, and no switchover', () => {
  assert.deepEqual(phasesOf(marked([])), []);
  assert.equal(phasesOf(marked([at(10, 'setup')])).length, 1);
  assert.equal(switchoverOf(marked([at(10, 'STOP')])), undefined);
});

test('a thinned curve keeps its extremes and the order of time', () => {
  const curve = Array.from({ length: 5000 }, (_, index) => ({
    atMs: index,
    value: index === 1234 ? 99 : index === 4321 ? -99 : Math.sin(index),
  }));
  const few = thinned(curve);
  assert.ok(few.length <= mostPoints, String(few.length));
  for (const value of [99, -99]) assert.ok(few.some((each) => each.value === value));
  assert.deepEqual(
    few.map(({ atMs }) => atMs),
    few.map(({ atMs }) => atMs).sort((a, b) => a - b),
  );
  assert.equal(thinned(few), few);
});

test('scenarios that differ in one number are a series, in its order', () => {
  const channels = (count: number) => ({ transport: 'multifd', channels: count }) as const;
  const sized = (size: number) =>
    ({ transport: 'tcp', parameters: { 'max-bandwidth': size } }) as const;
  const migrations = [
    channels(8),
    { transport: 'unix' },
    channels(1),
    sized(5e7),
    sized(1e7),
  ] as const;
  const { scenarios } = madePage({ migrations, pairs: 1 });
  assert.deepEqual(
    seriesIn(scenarios).map(({ field, steps }) => [field, steps.map(({ value }) => value)]),
    [
      ['migration.channels', [1, 8]],
      ['migration.parameters.max-bandwidth', [1e7, 5e7]],
    ],
  );
});

test('cost is the processor time of both sides for what was sent in that time', () => {
  const document = madeDocument([
    {
      label: 'A',
      pair: 1,
      measured: {
        sourceProcessorMs: 3000,
        destinationProcessorMs: 1000,
        transferredBytes: 2.5e9,
        sentBeforeBytes: 5e8,
        megabitsPerSecond: 800,
      },
    },
  ]);
  const [cost, ...more] = costsOf(document);
  assert.deepEqual([cost?.secondsPerGB, cost?.megabits, more.length], [2, 800, 0]);
});

test('the run that is drawn is the one nearest to the median, of those that have a timeline', () => {
  const samples = madeSamples({ seed: 3, pairs: 5, ratio: 1, noise: 0.1 });
  const [scenario] = madeDocument(samples).scenarios;
  assert.ok(scenario !== undefined);
  const runs = runsOf(scenario, 0);
  const own = runs.filter(({ sample }) => sample.label === 'A');
  const sorted = own.toSorted(
    (a, b) => (a.sample.measured?.totalMs ?? 0) - (b.sample.measured?.totalMs ?? 0),
  );
  assert.equal(medianRun(runs, 'A', () => true)?.id, sorted[2]?.id);
  assert.equal(medianRun(runs, 'A', (sample) => sample !== sorted[2]?.sample)?.sample.label, 'A');
  assert.equal(
    medianRun(runs, 'A', () => false),
    undefined,
  );
});

test('steps of the downtime follow one another; the slowest ten devices stand alone', () => {
  const { rows, left } = fallOf(madeTimeline(2, false).downtimeParts);
  const steps = rows.filter(({ kind }) => kind === 'step');
  for (const [index, step] of steps.entries()) {
    assert.equal(step.fromMs, index === 0 ? 0 : steps[index - 1]?.toMs);
  }
  const devices = rows.filter(({ kind }) => kind === 'device').map(({ ms }) => ms);
  assert.deepEqual([devices.length, left], [10, 4]);
  assert.deepEqual(
    devices,
    devices.toSorted((a, b) => b - a),
  );
  assert.equal(new Set(rows.map(({ key }) => key)).size, rows.length);
});

test('a run without a class of threads counts as 0 for it; a run without any is left out', () => {
  const run = (label: 'A' | 'B', ms: Readonly<Record<string, number>> | undefined) => ({
    id: '',
    order: 1,
    sample: {
      label,
      pair: 1,
      timeline: ms && {
        ...madeTimeline(1, false),
        processor: Object.entries(ms).map(([threads, each]) => ({
          side: 'source' as const,
          threads,
          ms: each,
        })),
      },
    },
  });
  const runs = [
    run('A', { main: 10, migration: 90 }),
    run('A', { main: 20 }),
    run('A', { main: 30 }),
    run('A', undefined),
    run('B', { main: 40 }),
  ];
  assert.deepEqual(processorRows(runs, ['A', 'B']).rows, [
    { name: 'src: migration', label: 'A', ms: 0 },
    { name: 'src: migration', label: 'B', ms: 0 },
    { name: 'src: main', label: 'A', ms: 20 },
    { name: 'src: main', label: 'B', ms: 40 },
  ]);
});
