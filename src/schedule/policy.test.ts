import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Outcome } from '../model/outcome.js';
import { Tally } from './policy.js';
import type { Policy } from './policy.js';

const passed: Outcome = { kind: 'passed' };
const failed: Outcome = { kind: 'failed', failure: { code: 'deadline', message: 'late' } };
const broken: Outcome = { kind: 'broken', failure: { code: 'spawn', message: 'no' } };
const usual: Policy = { retries: 0, untilFailure: false, quarantine: new Map() };
const known = { owner: 'ann', reason: 'slow disk', expires: '2099-01-01' };

test('a test that passes after it had failed is flaky, and the first attempt is in no count', () => {
  const tally = new Tally({ ...usual, retries: 2 });
  assert.equal(tally.judge('/a', 0, failed, 10).willRetry, true);
  assert.equal(tally.judge('/a', 1, broken, 10).willRetry, true);
  assert.equal(tally.judge('/a', 2, passed, 10).willRetry, false);
  assert.deepEqual(tally.counts, { passed: 1, failed: 0, broken: 0, skipped: 0, cancelled: 0 });
  assert.deepEqual([tally.flaky, tally.retried, tally.sumMs], [1, 2, 30]);
});

test('the last try decides', () => {
  const tally = new Tally({ ...usual, retries: 1 });
  tally.judge('/a', 0, failed, 1);
  assert.equal(tally.judge('/a', 1, broken, 1).willRetry, false);
  assert.deepEqual([tally.counts.broken, tally.counts.failed, tally.flaky], [1, 0, 0]);
});

test('cancelled and skipped tests are not retried', () => {
  const tally = new Tally({ ...usual, retries: 1 });
  assert.equal(tally.judge('/a', 0, { kind: 'cancelled' }, 1).willRetry, false);
  assert.equal(tally.judge('/b', 0, { kind: 'skipped', reason: 'no' }, 0).willRetry, false);
});

test('a failure in quarantine is in no count of failures, and stops nothing', () => {
  const quarantine = new Map([['/a', known]]);
  const tally = new Tally({ ...usual, quarantine, maxFailures: 1 });
  assert.equal(tally.judge('/a', 0, failed, 1).quarantined, known);
  assert.deepEqual([tally.counts.failed, tally.quarantined, tally.stop], [0, 1, undefined]);
  tally.judge('/a', 0, passed, 1);
  assert.equal(tally.counts.passed, 1);
});

test('after the given number of failures no test starts, and none is retried', () => {
  const tally = new Tally({ ...usual, retries: 1, maxFailures: 2 });
  tally.judge('/a', 1, failed, 1);
  assert.equal(tally.stop, undefined);
  tally.judge('/b', 1, broken, 1);
  assert.equal(tally.stop, 'max-failures');
  assert.equal(tally.judge('/c', 0, failed, 1).willRetry, false);
});

test('a flaky test ends the run as a failure does, where it is one', () => {
  for (const [flakyFails, stop] of [
    [true, 'until-failure'],
    [false, undefined],
  ] as const) {
    const tally = new Tally({ ...usual, retries: 1, untilFailure: true, flakyFails });
    tally.judge('/a', 0, failed, 1);
    tally.judge('/a', 1, passed, 1);
    assert.equal(tally.stop, stop);
  }
});

test('until a failure', () => {
  const tally = new Tally({ ...usual, untilFailure: true });
  tally.judge('/a', 0, passed, 1);
  assert.equal(tally.stop, undefined);
  tally.judge('/a', 0, broken, 1);
  assert.equal(tally.stop, 'until-failure');
});
