import assert from 'node:assert/strict';
import { test } from 'node:test';
import { timeoutOf } from './bench-run.js';
import { taskOf } from './bench-spec.js';
import { resolveScenario } from './scenario.js';

const timeout = (guest: object, slowness = 1): number =>
  timeoutOf(
    { slowness },
    taskOf(resolveScenario({ guest, migration: { transport: 'tcp' } }, ''), {}),
  );

test('the deadline of a migration has room for the pace of its guest, the patience and a slow host', () => {
  const patienceMs = 10_000;
  assert.equal(timeout({ pacePagesPerSecond: 0 }), 120_000 + patienceMs);
  // 4096 pages at 100 in a second: 41 s for each of 20 passes
  const paced = { memoryMiB: 32, workingSetMiB: 16, pacePagesPerSecond: 100 };
  assert.equal(timeout(paced), 120_000 + 20 * 40_960 + patienceMs);
  assert.equal(timeout(paced, 3), 3 * (120_000 + 20 * 40_960) + patienceMs);
});

test('no deadline is longer than a timer can be', () => {
  assert.equal(timeout({ memoryMiB: 2 ** 20, pacePagesPerSecond: 1 }), 2_000_000_000);
});
