// The tables of pages of docs/reference/ are those of the program.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { test } from 'node:test';

for (const [page, script] of [
  ['faults.md', 'fault-tables.mjs'],
  ['generate.md', 'generate-tables.mjs'],
]) {
  test(`docs/reference/${page} has the tables of the program`, () => {
    const { status, stderr } = spawnSync(
      process.execPath,
      [path.join(import.meta.dirname, script)],
      { encoding: 'utf8' },
    );
    assert.equal(status, 0, stderr);
  });
}
