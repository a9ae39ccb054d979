import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AttemptTimeline, DroverEvent } from '../../model/events.js';
import { TimedRun } from '../fold/timeline.js';
import * as fixtures from '../run.fixtures.js';
import { tracePieces } from './trace.js';

interface Read {
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly name?: string;
  readonly args?: Record<string, unknown>;
}

function traceOf(events: readonly DroverEvent[]): Read[] {
  const run = new TimedRun();
  for (const event of events) run.add(event);
  const text = [...tracePieces(run)].join('');
  return (JSON.parse(text) as { traceEvents: Read[] }).traceEvents;
}

/**
 * Every end closes what was begun last on its track, and time never goes back; returns the deepest
 * nesting.
 */
function requireNested(events: readonly Read[]): number {
  const open = new Map<string, number>();
  const lastTs = new Map<string, number>();
  let deepest = 0;
  let globalTs = 0;
  for (const { ph, pid, tid, ts, name } of events) {
    if (ph === 'M') continue;
    const track = `${String(pid)} ${String(tid)}`;
    assert.ok(ts >= globalTs && ts >= (lastTs.get(track) ?? 0), `time goes back at ${name ?? ph}`);
    globalTs = ts;
    lastTs.set(track, ts);
    const depth = (open.get(track) ?? 0) + (ph === 'B' ? 1 : ph === 'E' ? -1 : 0);
    assert.ok(depth >= 0, `an end without a beginning on track ${track}`);
    assert.ok(ph !== 'i' || depth > 0, 'an instant lies within a slice');
    open.set(track, depth);
    deepest = Math.max(deepest, depth);
  }
  assert.deepEqual(
    [...open.values()].filter((depth) => depth !== 0),
    [],
  );
  return deepest;
}

export const timeline: AttemptTimeline = {
  machines: [
    { name: 'source', side: 'source', startMs: 10 },
    { name: 'destination', side: 'destination', startMs: 12 },
  ],
  events: [
    { ms: 100, machine: 0, name: 'MIGRATION', value: 'setup' },
    { ms: 110, machine: 0, name: 'MIGRATION', value: 'active' },
    { ms: 111, machine: 1, name: 'MIGRATION', value: 'active' },
    { ms: 200, machine: 0, name: 'MIGRATION_PASS', value: 2 },
    { ms: 300, machine: 0, name: 'MIGRATION_PASS', value: 3 },
    { ms: 310, machine: 0, name: 'STOP' },
    { ms: 400, machine: 0, name: 'MIGRATION', value: 'completed' },
    { ms: 401, machine: 1, name: 'RESUME' },
    // after the attempt, as clocks of two threads may tell it
    { ms: 99_999, machine: 1, name: 'SHUTDOWN' },
  ],
};

test('slices nest on every track and time never goes back', () => {
  const events = traceOf([
    fixtures.runStarted([fixtures.plain, fixtures.tcp, fixtures.file]),
    ...fixtures.attempt(fixtures.plain, fixtures.passed, { timeline }),
    ...fixtures.attempt(fixtures.tcp, fixtures.failed, { timeline }),
    fixtures.testFinished(fixtures.file, fixtures.skipped),
  ]);
  assert.equal(requireNested(events), 2);
  const names = events.filter(({ ph }) => ph === 'B').map(({ name }) => name);
  for (const name of [
    fixtures.plain,
    'migrate',
    'QEMU source',
    'active',
    'iteration 1',
    'iteration 3',
  ]) {
    assert.ok(names.includes(name), `there is a slice ${name}`);
  }
  assert.ok(!names.includes(fixtures.file), 'what never ran is not drawn');
  const instants = events.filter(({ ph }) => ph === 'i').map(({ name }) => name);
  for (const name of ['STOP', 'RESUME', 'migration completed']) assert.ok(instants.includes(name));
});

test('attempts that ran at the same time are on different workers, and workers are reused', () => {
  const starts = [
    [fixtures.plain, 0, 1000],
    [fixtures.tcp, 100, 900],
    [fixtures.file, 1000, 500],
  ] as const;
  const events = traceOf([
    fixtures.runStarted(starts.map(([name]) => name)),
    ...starts.map(([name, atMs]) => ({
      type: 'test-started' as const,
      test: name,
      attempt: 1,
      atMs,
    })),
    ...starts.map(([name, atMs, durationMs]) =>
      fixtures.testFinished(name, fixtures.passed, { atMs: atMs + durationMs, durationMs }),
    ),
  ]);
  requireNested(events);
  const trackOf = (name: string): number | undefined =>
    events.find((event) => event.ph === 'B' && event.name === name)?.tid;
  assert.notEqual(trackOf(fixtures.plain), trackOf(fixtures.tcp));
  assert.equal(trackOf(fixtures.plain), trackOf(fixtures.file));
  const tracks = events
    .filter(({ name }) => name === 'thread_name')
    .map(({ args }) => args?.['name']);
  assert.deepEqual(tracks, ['worker 1', 'worker 2']);
});

test('a run of which nothing ran is a trace without slices', () => {
  assert.deepEqual(traceOf(fixtures.emptyRun), []);
});
