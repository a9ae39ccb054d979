/**
 * Tests that start no QEMU and have a fixed outcome, in a user's module: for how a run handles
 * outcomes.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Scratch } from '../../model/scratch.fixtures.js';

const text = `
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { migrationTest } from 'drover';

const here = import.meta.dirname ?? new URL('.', import.meta.url).pathname;
const made = (path, run, more = {}) =>
  migrationTest({ path, level: 'smoke', takes: { machines: 0 }, run, ...more });

function once(name) {
  const file = here + '/' + name + '.seen';
  if (existsSync(file)) return false;
  writeFileSync(file, '');
  return true;
}

export default [
  // the first to start
  made('/made-up/bad', async () => {
    assert.fail('it always fails');
  }),
  made('/made-up/good', async () => ({})),
  made('/made-up/other', async () => ({})),
  made('/made-up/flaky', async () => {
    assert.ok(!once('flaky'), 'the first time it fails');
    return {};
  }),
];
`;

/** @returns path of the module, to be given with --tests */
export function madeUpTests(scratch: Scratch): string {
  const folder = path.join(scratch.directory, 'own');
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, 'made-up.mjs');
  writeFileSync(file, text);
  return file;
}
