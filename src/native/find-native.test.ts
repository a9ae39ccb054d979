/** Which addon is loaded: what fits, in what order, and why the others are passed over. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { HarnessError } from '../model/errors.js';
import { folderFor } from '../model/scratch.fixtures.js';
import { findAddon, launcherPath } from './addon.js';
import { nativePlaces, obstacle } from './find-native.js';

const own = findAddon();

/** A package's folder in which each given place is empty, to be filled. */
function emptyPackage(t: TestContext): { root: string; built: string; prebuilt: string } {
  const root = folderFor(t);
  const [built = '', prebuilt = ''] = nativePlaces(root).map(({ folder }) => folder);
  for (const folder of [built, prebuilt]) mkdirSync(folder, { recursive: true });
  return { root, built, prebuilt };
}

/** Real files, by links: what is loaded twice must be the same file. */
function bring(folder: string): void {
  for (const name of ['drover.node', 'drover-exec']) {
    symlinkSync(path.join(own.place.folder, name), path.join(folder, name));
  }
}

/** A shared library that needs a version of the C library which there is not. */
function needsNewerLibrary(folder: string): void {
  const compile = (...words: string[]): void => {
    execFileSync('cc', ['-shared', '-nostdlib', '-x', 'c', ...words], { cwd: folder, input: '' });
  };
  const write = (name: string, text: string): void => {
    writeFileSync(path.join(folder, name), text);
  };
  write('libc.map', 'GLIBC_9.99 { global: from_tomorrow; };');
  write('libc.c', 'int from_tomorrow(void) { return 1; }');
  write('addon.c', 'int from_tomorrow(void); int use(void) { return from_tomorrow(); }');
  const versions = ['-Wl,--version-script=libc.map', '-Wl,-soname,libc.so.6'];
  compile('libc.c', ...versions, '-o', 'libc.so.6');
  compile('addon.c', '-o', 'drover.node', '-x', 'none', '-Wl,--no-as-needed', './libc.so.6');
}

test('a place without an addon is passed over, and what the package brings is loaded', (t) => {
  const { root, built, prebuilt } = emptyPackage(t);
  bring(prebuilt);
  const { place, passedOver } = findAddon(root);
  assert.deepEqual(place, { kind: 'prebuilt', folder: prebuilt });
  assert.deepEqual(passedOver, [`${path.join(built, 'drover.node')} is missing`]);
  assert.equal(launcherPath(root), path.join(prebuilt, 'drover-exec'));
});

test('what was built here comes before what the package brings', (t) => {
  const { root, built, prebuilt } = emptyPackage(t);
  bring(prebuilt);
  bring(built);
  assert.equal(findAddon(root).place.kind, 'built');
});

test('an addon that needs a newer C library is passed over with the version that it lacks', (t) => {
  const { root, built, prebuilt } = emptyPackage(t);
  needsNewerLibrary(built);
  bring(prebuilt);
  const { place, passedOver } = findAddon(root);
  assert.equal(place.kind, 'prebuilt');
  assert.match(passedOver.join(), /cannot be loaded \(.*libc\.so\.6.*GLIBC_9\.99.*not found/);
});

test('an addon for another processor is passed over with both names', (t) => {
  const { built, prebuilt } = emptyPackage(t);
  copyFileSync(path.join(own.place.folder, 'drover.node'), path.join(built, 'drover.node'));
  const file = path.join(built, 'drover.node');
  const [right, other] = process.arch === 'x64' ? ['x64', 'arm64'] : ['arm64', 'x64'];
  assert.equal(obstacle(file, right), undefined);
  assert.equal(obstacle(file, other), `is for ${right}, this Node is for ${other}`);
  writeFileSync(path.join(prebuilt, 'drover.node'), 'not an addon, but long enough');
  assert.equal(obstacle(path.join(prebuilt, 'drover.node')), 'is no ELF file');
});

test('without any addon that fits, the error has all reasons and the command to build one', (t) => {
  const { root, prebuilt } = emptyPackage(t);
  writeFileSync(path.join(prebuilt, 'drover.node'), 'short');
  assert.throws(
    () => findAddon(root),
    (error) => {
      assert.ok(error instanceof HarnessError);
      assert.equal(error.code, 'native-unavailable');
      assert.match(error.message, /no native addon for this host \(linux-.*npm run build:native/);
      assert.match(error.input.details?.join('\n') ?? '', /is missing\n.*is no ELF file/);
      return true;
    },
  );
});
