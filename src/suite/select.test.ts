import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestDefinition } from './definition.js';
import type { Level } from './definition.js';
import { selectTests } from './select.js';
import type { Selection } from './select.js';

const define = (path: string, level: Level = 'smoke'): TestDefinition => ({
  path,
  level,
  run: () => Promise.resolve({}),
});
const tests = [
  define('/migration/precopy/unix/plain'),
  define('/migration/precopy/unix/suspend/live'),
  define('/migration/precopy/file'),
  define('/migration/precopy/file/offset', 'full'),
  define('/migration/bad_dest', 'full'),
];
const none: Selection = {
  level: 'smoke',
  paths: [],
  prefixes: [],
  skipPaths: [],
  skipPrefixes: [],
};
const pick = (selection: Partial<Selection>): string[] =>
  selectTests(tests, { ...none, ...selection }, 'x86_64').map(({ path }) =>
    path.replace('/migration', ''),
  );

test('no filter takes the level', () => {
  assert.equal(pick({}).length, 3);
  assert.equal(pick({ level: 'full' }).length, 5);
});

test('a named test runs whatever its level, and brings its direct children along', () => {
  assert.deepEqual(pick({ paths: ['/x86_64/migration/precopy/file'] }), [
    '/precopy/file',
    '/precopy/file/offset',
  ]);
});

test('a group named with -p reaches one level down only', () => {
  assert.deepEqual(pick({ paths: ['/x86_64/migration/precopy/unix'] }), ['/precopy/unix/plain']);
});

test('a prefix takes the subtree within the level', () => {
  assert.deepEqual(pick({ prefixes: ['/x86_64/migration/precopy'] }), [
    '/precopy/unix/plain',
    '/precopy/unix/suspend/live',
    '/precopy/file',
  ]);
});

test('a path may leave out the architecture and /migration', () => {
  for (const given of ['/migration/bad_dest', 'bad_dest', '/x86_64/migration/bad_dest/']) {
    assert.deepEqual(pick({ paths: [given] }), ['/bad_dest']);
  }
});

test('skipped paths are removed from the selection', () => {
  assert.deepEqual(pick({ skipPaths: ['precopy/file'], skipPrefixes: ['precopy/unix/suspend'] }), [
    '/precopy/unix/plain',
  ]);
});

test('a prefix ends at a path component', () => {
  assert.throws(() => pick({ prefixes: ['/x86_64/migration/pre'] }), { code: 'no-such-test' });
});

test('a path that names nothing is refused with near ones', () => {
  assert.throws(() => pick({ paths: ['/x86_64/migration/precopy/unix/plane'] }), {
    code: 'no-such-test',
    blame: 'usage',
    message: /near it: \/x86_64\/migration\/precopy\/unix\/plain/,
  });
});
