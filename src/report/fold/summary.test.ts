import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DroverEvent } from '../../model/events.js';
import { countsText, noCounts, totalOf, withOutcome } from './counts.js';
import * as fixtures from '../run.fixtures.js';
import { RunRecord, failureGroups, phaseMedians, slowestTests } from './summary.js';

function recordOf(events: readonly DroverEvent[]): RunRecord {
  const record = new RunRecord();
  for (const event of events) record.add(event);
  return record;
}

test('counts are by kind, and their text leaves out what did not occur', () => {
  const counts = withOutcome(withOutcome(noCounts, 'passed'), 'broken');
  assert.equal(totalOf(counts), 2);
  assert.equal(countsText(counts), '1 broken, 1 passed');
  assert.equal(totalOf(noCounts), 0);
});

test('the counts of a run are those it says itself', () => {
  for (const events of [fixtures.mixedRun, fixtures.cancelledRun, fixtures.repeatedRun(8)]) {
    const last = events.at(-1);
    assert(last?.type === 'run-finished');
    assert.deepEqual(recordOf(events).counts, last.counts);
  }
});

test('the time split is the median over passed attempts alone, in the order of the phases', () => {
  const slow = { durationMs: 6000 };
  const events = [
    fixtures.runStarted([]),
    fixtures.testFinished('/a', fixtures.passed, { durationMs: 600 }),
    fixtures.testFinished('/b', fixtures.passed, { durationMs: 1200 }),
    fixtures.testFinished('/c', fixtures.failed, slow),
    fixtures.testFinished('/d', fixtures.broken, slow),
  ];
  const phases = phaseMedians(recordOf(events));
  assert.deepEqual(phases[0], { phase: 'prepare', medianMs: 150 });
  assert.deepEqual(
    phases.map(({ phase }) => phase),
    ['prepare', 'launch', 'warm-up', 'migrate', 'verify', 'end'],
  );
});

test('a phase that a test went through twice counts with both its stretches', () => {
  const events = [
    fixtures.testFinished('/a', fixtures.passed, {
      phases: [
        { phase: 'migrate', startMs: 0, durationMs: 10 },
        { phase: 'migrate', startMs: 20, durationMs: 5 },
      ],
    }),
  ];
  assert.deepEqual(phaseMedians(recordOf(events)), [{ phase: 'migrate', medianMs: 15 }]);
});

test('the slowest are three different tests, each by its slowest attempt, none skipped', () => {
  const events = [
    fixtures.runStarted(['/a', '/a', '/b', '/c', '/d', '/e']),
    fixtures.testFinished('/a', fixtures.passed, { durationMs: 50 }),
    fixtures.testFinished('/a', fixtures.passed, { durationMs: 70, attempt: 2 }),
    fixtures.testFinished('/b', fixtures.failed, { durationMs: 60 }),
    fixtures.testFinished('/c', fixtures.passed, { durationMs: 10 }),
    fixtures.testFinished('/d', fixtures.passed, { durationMs: 20 }),
    fixtures.testFinished('/e', fixtures.skipped, { durationMs: 99 }),
  ];
  assert.deepEqual(slowestTests(recordOf(events)), [
    { label: '/a (attempt 2)', durationMs: 70 },
    { label: '/b', durationMs: 60 },
    { label: '/d', durationMs: 20 },
  ]);
});

test('attempts that failed alike are one group', () => {
  const failures = failureGroups(recordOf(fixtures.repeatedRun(8)));
  assert.equal(failures.length, 1);
  assert.deepEqual(failures[0]?.attempts, [3, 7]);
  assert.equal(failures[0].repeated, true);
});

test('a cancelled run knows what it did not get to', () => {
  const record = recordOf(fixtures.cancelledRun);
  assert.equal(record.total, 3);
  assert.equal(record.notRun, 1);
  assert.notEqual(record.finished, undefined);
});

test('without run-finished the time is that of the last event', () => {
  const record = recordOf(fixtures.mixedRun.slice(0, -1));
  assert.equal(record.finished, undefined);
  assert.equal(record.durationMs, 1500);
});

test('no events at all make an empty summary', () => {
  const record = recordOf([]);
  assert.equal(record.total, 0);
  assert.deepEqual(phaseMedians(record), []);
  assert.deepEqual(slowestTests(record), []);
});
