import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Outcome } from '../model/outcome.js';
import type { PairPlan } from '../migration/plan.js';
import { WorkerPool } from './pool.js';

const entry = new URL('./bad-worker.fixtures.js', import.meta.url);

/** A worker that should die by itself must have the time for it, however busy the host is. */
async function outcomeOf(path: string, timeoutMs = 60_000): Promise<Outcome> {
  const pool = new WorkerPool(1, { entry, graceMs: 100 });
  try {
    const task = { path, plan: {} as PairPlan, directory: '/nowhere', timeoutMs, rerun: '' };
    return (await pool.start(task, () => undefined).report).outcome;
  } finally {
    await pool.close();
  }
}

function failureOf(outcome: Outcome): { code: string; message: string } {
  assert.equal(outcome.kind, 'broken');
  return outcome.failure;
}

test('a worker that throws makes its test broken', async () => {
  const { code, message } = failureOf(await outcomeOf('throws'));
  assert.equal(code, 'worker-died');
  assert.match(message, /out of ideas/);
});

test('a worker whose thread ends makes its test broken', async () => {
  assert.equal(failureOf(await outcomeOf('exits')).code, 'worker-died');
});

test('a worker that never answers is ended after the deadline and its grace', async () => {
  const { code, message } = failureOf(await outcomeOf('hangs', 100));
  assert.equal(code, 'worker-stuck');
  assert.match(message, /0\.1 s after the test's deadline/);
});
