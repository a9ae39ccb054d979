import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { FileNames, safeName } from './safe-name.js';

test('plain names stay as they are', () => {
  for (const name of ['pc.ram', 'mach-virt.ram', 'mem_1']) assert.equal(safeName(name), name);
});

test('no name leads out of the folder, hides, or holds what a terminal obeys', () => {
  assert.equal(safeName('/rom@etc/acpi/tables'), '%2From%40etc%2Facpi%2Ftables');
  assert.equal(safeName('..'), '%2E.');
  assert.equal(safeName('.profile'), '%2Eprofile');
  assert.equal(safeName('../../etc/passwd'), '%2E.%2F..%2Fetc%2Fpasswd');
  assert.equal(safeName('a\0b\n\x1b[2J'), 'a%00b%0A%1B%5B2J');
  assert.equal(safeName(''), '%');
  assert.equal(safeName('\xff'), '%FF');
});

test('different names stay different, and none is too long for a file system', () => {
  const odd = ['', '%', '%25', '.', '%2E', '/', '%2F', 'a/b', 'a%2Fb', '~', 'x'.repeat(255)];
  odd.push('/'.repeat(255), `${'/'.repeat(254)}x`, `${'x'.repeat(254)}y`);
  // Every byte, and every pair of the bytes that matter.
  for (let code = 0; code < 256; code++) odd.push(`n${String.fromCharCode(code)}`);
  const names = odd.map(safeName);
  assert.equal(new Set(names).size, odd.length);
  for (const name of names) {
    assert.ok(name.length > 0 && name.length <= 160, name);
    assert.equal(path.dirname(path.resolve('/folder', name)), '/folder', name);
  }
});

test('files of one folder get names of their own even when stems are equal', () => {
  const names = new FileNames();
  assert.deepEqual(
    [names.take('a', '.bin'), names.take('a', '.bin'), names.take('a.2', '.bin')],
    ['a.bin', 'a.2.bin', 'a.2.2.bin'],
  );
});
