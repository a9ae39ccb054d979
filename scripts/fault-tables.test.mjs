// The tables of docs/reference/faults.md are those of the program.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { test } from 'node:test';

test('docs/reference/faults.md has the tables of the program', () => {
  const script = path.join(import.meta.dirname, 'fault-tables.mjs');
  const { status, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});
