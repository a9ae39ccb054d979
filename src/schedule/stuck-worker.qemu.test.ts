/**
 * A worker thread that never answers again, with a QEMU running: it is ended, its QEMU too, and the
 * run goes on.
 */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { DroverEvent } from '../model/events.js';
import { planFor } from '../migration/context.fixtures.js';
import { realQemu } from '../qemu/qemus.fixtures.js';
import { Scratch } from '../model/scratch.fixtures.js';
import type { PlannedTest } from './attempts.js';
import { WorkerPool } from './pool.js';
import { runTests } from './run.js';

const qemu = realQemu('10.0');

const text = `
import { migrationTest } from 'drover';
const test = (path, run) => migrationTest({ path, level: 'smoke', run });
export default [
  test('/fault/stuck', async (context) => {
    const firmware = context.writeGuest();
    await context.startMachine({ side: 'source', memory: { kind: 'anon' }, firmware });
    for (;;);
  }),
  test('/bystander', async () => ({})),
];
`;

test(
  'a worker that never answers breaks its test; the next one runs in a new thread, nothing is left',
  { skip: qemu.skip },
  async () => {
    using scratch = new Scratch();
    const plan = await planFor(qemu, scratch.directory);
    const at = (name: string): string => path.join(scratch.directory, name);
    const file = at('stuck.mjs');
    writeFileSync(file, text);
    mkdirSync(at('run'));
    const demand = { cpu: 1, memoryBytes: 0, sharedMemoryBytes: 0, exclusive: [] };
    const planned = (name: string, expectedMs: number): PlannedTest => ({
      ...{ path: name, name, file, expectedMs, demand },
    });
    const events: DroverEvent[] = [];
    const pool = new WorkerPool(1, { graceMs: 200 });
    try {
      const { counts } = await runTests({
        tests: [planned('/fault/stuck', 2), planned('/bystander', 1)],
        repeat: 1,
        limits: { slots: 1, memoryBytes: 0, sharedMemoryBytes: 0 },
        policy: { retries: 0, untilFailure: false, quarantine: new Map() },
        plan,
        pool,
        directory: at('run'),
        keep: false,
        evidenceDirectory: () => at('evidence'),
        timeoutMs: 8000,
        rerun: () => '',
        record: () => ({ 'test.json': '{}' }),
        emit: (event) => events.push(event),
        clock: () => 0,
        signal: new AbortController().signal,
      });
      assert.deepEqual([counts.broken, counts.passed], [1, 1], JSON.stringify(events));
    } finally {
      await pool.close();
    }
    const stuck = events.find((event) => event.type === 'test-finished');
    assert.ok(stuck?.type === 'test-finished' && stuck.outcome.kind === 'broken');
    assert.equal(stuck.outcome.failure.code, 'worker-stuck');
    assert.equal(stuck.directory, at('evidence/fault-stuck-1'));
    assert.deepEqual(scratch.processes(), []);
  },
);
