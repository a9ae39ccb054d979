import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { Scratch } from '../model/scratch.fixtures.js';
import { shellQuote } from '../model/shell.js';
import { resolveBinary } from './binary.js';

const scratch = new Scratch();
const folder = scratch.directory;
after(() => {
  scratch[Symbol.dispose]();
});
const program = path.join(folder, 'qemu-system-x86_64');
writeFileSync(program, '#!/bin/sh\nexec true "$@"\n');
chmodSync(program, 0o755);
const search = { searchPath: `/nowhere:${folder}`, origin: '--qemu' };

test('a bare name is found on PATH', () => {
  const binary = resolveBinary('qemu-system-x86_64', search);
  assert.deepEqual(binary, {
    command: 'qemu-system-x86_64',
    program,
    arch: 'x86_64',
    isPrefixed: false,
  });
});

test('a command prefix keeps its words; the last one that looks like a QEMU decides', () => {
  const command = `gdb -ex run --args ${program}`;
  assert.deepEqual(resolveBinary(command, search), {
    command,
    program,
    arch: 'x86_64',
    isPrefixed: true,
  });
});

test('a file with a blank in its path is one word', () => {
  const odd = path.join(folder, 'a b qemu-system-i386');
  writeFileSync(odd, '', { mode: 0o755 });
  assert.deepEqual(resolveBinary(odd, search), {
    command: `'${odd}'`,
    program: odd,
    arch: 'i386',
    isPrefixed: false,
  });
});

const refusals: readonly (readonly [string, string, RegExp])[] = [
  ['', 'qemu-empty', /empty/],
  ['/bin/true', 'qemu-name', /is not a QEMU/],
  ['/nowhere/qemu-system-x86_64', 'qemu-missing', /no such file/],
  ['qemu-system-i386', 'qemu-missing', /not found on PATH/],
  ['qemu-system-vax', 'qemu-arch', /no guest for it; it has guests for x86_64, i386/],
];
for (const [given, code, message] of refusals) {
  test(`'${given}' is refused as ${code}, and where it came from is named`, () => {
    assert.throws(() => resolveBinary(given, search), { code, blame: 'usage', message });
    assert.throws(() => resolveBinary(given, search), /^HarnessError: --qemu: /);
  });
}

test('a quoted word with a blank in a prefix is one word', () => {
  const odd = path.join(folder, 'a b qemu-system-i386');
  assert.deepEqual(resolveBinary(`nice -n 5 '${odd}'`, search), {
    command: `nice -n 5 '${odd}'`,
    program: odd,
    arch: 'i386',
    isPrefixed: true,
  });
});

test('a wrapper script that does not become QEMU counts as a prefix, so that what it starts is ended with it', () => {
  const wrapper = path.join(folder, 'wrapped-qemu-system-x86_64');
  writeFileSync(wrapper, '#!/bin/sh\n/opt/qemu-system-x86_64 "$@"\n', { mode: 0o755 });
  assert.ok(resolveBinary(wrapper, search).isPrefixed);
  writeFileSync(wrapper, '#!/bin/sh\nexec /opt/qemu-system-x86_64 "$@"\n', { mode: 0o755 });
  assert.ok(!resolveBinary(wrapper, search).isPrefixed);
});

test('a file that cannot be executed is refused', () => {
  const file = path.join(folder, 'not-qemu-system-x86_64');
  writeFileSync(file, '', { mode: 0o644 });
  assert.throws(() => resolveBinary(file, search), { code: 'qemu-not-executable' });
});

test('quoting leaves plain words alone and survives quotes', () => {
  assert.equal(shellQuote('a/b-c=1'), 'a/b-c=1');
  assert.equal(shellQuote("it's $HOME"), `'it'\\''s $HOME'`);
});
