import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../../model/scratch.fixtures.js';
import { eventFaults } from './events-schema.fixtures.js';
import * as fixtures from '../run.fixtures.js';

test('the published schemas are what the types say', () => {
  const script = path.join(packageRoot, 'scripts', 'schemas.mjs');
  const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});

test('runs of all kinds keep to it', () => {
  const { mixedRun, passedRun, emptyRun, cancelledRun, brokenRun } = fixtures;
  for (const event of [mixedRun, passedRun, emptyRun, cancelledRun, brokenRun].flat()) {
    assert.deepEqual(eventFaults(JSON.parse(JSON.stringify(event))), [], JSON.stringify(event));
  }
});

test('a value that is no event, lacks a field, or has an unknown one, does not', () => {
  const started = fixtures.runStarted([fixtures.plain]);
  const { tests: _tests, ...without } = started;
  for (const event of [{}, { type: 'other', atMs: 1 }, without, { ...started, total: '1' }]) {
    assert.notDeepEqual(eventFaults(event), []);
  }
  assert.notDeepEqual(eventFaults({ ...started, surprise: 1 }), []);
});
