import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { folderFor } from '../../model/scratch.fixtures.js';
import type { JsonReport } from './json-document.js';
import { FileReporter } from '../file-reporter.js';
import { RunRecord } from '../fold/summary.js';
import { jsonPieces } from './json-document.js';
import * as fixtures from '../run.fixtures.js';

test('the JSON document holds the run, every attempt and the counts', async (t) => {
  const path = join(folderFor(t), 'run.json');
  const reporter = new FileReporter('JSON', path, new RunRecord(), jsonPieces);
  for (const event of fixtures.mixedRun) reporter.onEvent(event);
  await reporter.close();
  const report = JSON.parse(readFileSync(path, 'utf8')) as JsonReport;
  assert.deepEqual(Object.keys(report), [
    'schema',
    'run',
    'tests',
    'counts',
    'flaky',
    'quarantined',
  ]);
  assert.equal(report.schema, 2);
  assert.deepEqual(report.counts, { passed: 1, failed: 1, broken: 1, skipped: 1, cancelled: 0 });
  const { run, tests } = report;
  assert.equal(run.complete, true);
  assert.equal(run.exitCode, 3);
  assert.equal(run.machine, 'pc-q35-10.0');
  assert.equal(run.host?.cores, 2);
  assert.deepEqual(run.warnings, ['no KVM:\n/dev/kvm is not readable']);
  assert(!('type' in run) && !('atMs' in run) && !('schema' in run));
  assert.equal(tests.length, 4);
  const { type: _, ...expected } = fixtures.testFinished(fixtures.tcp, fixtures.failed, {
    durationMs: 900,
  });
  assert.deepEqual(tests[1], expected);
});

test('runs without tests, without an end and without a beginning are complete documents', async (t) => {
  const path = join(folderFor(t), 'run.json');
  for (const run of [
    fixtures.emptyRun,
    fixtures.cancelledRun.slice(0, -1),
    fixtures.brokenRun,
    [],
  ]) {
    const reporter = new FileReporter('JSON', path, new RunRecord(), jsonPieces);
    for (const event of run) reporter.onEvent(event);
    await reporter.close();
    const report = JSON.parse(readFileSync(path, 'utf8')) as JsonReport;
    assert.equal(report.run.complete, run.at(-1)?.type === 'run-finished');
    assert.equal(report.tests.length, run.filter(({ type }) => type === 'test-finished').length);
  }
});
