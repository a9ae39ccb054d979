/** The refusals of the build of a missing addon. The build itself is tried with a packed package. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { folderFor } from '../../model/scratch.fixtures.js';
import { ensureAddon } from './build-addon.js';

test('nothing is built where an addon fits', async () => {
  await ensureAddon();
});

test('a clone is not built by a command, but by its set-up', async (t) => {
  const root = folderFor(t);
  mkdirSync(path.join(root, 'scripts'));
  writeFileSync(path.join(root, 'scripts', 'setup.mjs'), '');
  await assert.rejects(ensureAddon(root), /no native addon .*npm run build:native/);
});

test('without cmake the error says what the build takes, and nothing of it is left', async (t) => {
  const root = folderFor(t);
  const searchPath = process.env['PATH'];
  process.env['PATH'] = root;
  t.after(() => (process.env['PATH'] = searchPath));
  await assert.rejects(ensureAddon(root), {
    code: 'native-unavailable',
    message: /cmake cannot be started.*Debian: cmake ninja-build g\+\+ zlib1g-dev libzstd-dev/,
  });
  assert.deepEqual(readdirSync(path.join(root, 'build')), []);
});

test('a source that cmake refuses is an error with its words', async (t) => {
  const root = folderFor(t);
  writeFileSync(path.join(root, 'CMakeLists.txt'), 'message(FATAL_ERROR "no such compiler")\n');
  await assert.rejects(ensureAddon(root), (error: { input?: { details?: string[] } }) =>
    (error.input?.details ?? []).join('\n').includes('no such compiler'),
  );
});
