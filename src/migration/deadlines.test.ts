import assert from 'node:assert/strict';
import { test } from 'node:test';
import { usualDeadlines, deadlinesFor, slownessOf } from './deadlines.js';

test('deadlines are those of a usual host, longer in proportion on a slow one, up to a limit', () => {
  assert.equal(slownessOf(44_000_000), 1);
  assert.equal(slownessOf(400_000), 1);
  assert.equal(slownessOf(100_000), 4);
  assert.equal(slownessOf(1), 20);
  assert.deepEqual(deadlinesFor({ slowness: 1 }), usualDeadlines);
  assert.equal(deadlinesFor({ slowness: 4 }).statusMs, 4 * usualDeadlines.statusMs);
});
