import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SweepOutcome } from '../sweep/outcome.js';
import { troubleOf } from './try-mutant.js';

const words = ['some words'];
const timedOut = (during: 'start' | 'migration' | 'comparison'): SweepOutcome => ({
  ...{ kind: 'timed-out', during, words },
});

test('a destination that does not start says nothing of the damage', () => {
  for (const kind of ['refused', 'crashed'] as const) {
    const about = { kind, side: 'destination', words } as const;
    assert.equal(troubleOf({ ...about, during: 'start' }, false), 'some words');
    assert.equal(troubleOf({ ...about, during: 'migration' }, false), undefined);
    assert.equal(troubleOf({ ...about, during: 'comparison' }, false), undefined);
  }
  assert.equal(troubleOf({ kind: 'cannot-start', words }, false), 'some words');
  assert.equal(troubleOf({ kind: 'broken', words }, true), 'some words');
});

test('checks that are not done in time are no finding, a migration that does not end is one', () => {
  assert.equal(troubleOf(timedOut('start'), false), 'timed-out during start: some words');
  assert.equal(troubleOf(timedOut('comparison'), false), 'timed-out during comparison: some words');
  assert.equal(troubleOf(timedOut('comparison'), true), undefined, 'what was found before stays');
  assert.equal(troubleOf(timedOut('migration'), false), undefined);
});
