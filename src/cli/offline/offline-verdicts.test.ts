/** What must never count as clean or equal, and which options are refused instead of ignored. */
import assert from 'node:assert/strict';
import { appendFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { asObject } from '../../model/json.js';
import type { Json } from '../../model/json.js';
import { Scratch } from '../../model/scratch.fixtures.js';
import { drover, droverJson } from '../process/drover.fixtures.js';
import { ProgressLine } from './progress-line.js';
import { openSource } from './source/offline-source.js';
import { elfCore, saved } from './samples/dumps.fixtures.js';
import { pageBytes, stamped } from './samples/raw-memory.fixtures.js';

test('memory without a single stamp is not clean: all of it may have been lost', async () => {
  using scratch = new Scratch();
  const file = path.join(scratch.directory, 'memory');
  writeFileSync(file, Buffer.alloc(128 * pageBytes));
  const ran = await drover(['scan', file, '--json', '--range', '0-512K'], scratch);
  assert.equal(ran.code, 1, ran.stderr);
  assert.equal(asObject(JSON.parse(ran.stdout) as Json)['clean'], false);
});

test('raw memory that was cut short differs from the whole', async () => {
  using scratch = new Scratch();
  const { file, bytes } = stamped(scratch, 128, 7, 100);
  const part = path.join(scratch.directory, 'part');
  writeFileSync(part, bytes.subarray(0, 64 * pageBytes));
  const ran = await drover(['diff', file, part], scratch);
  assert.equal(ran.code, 1, ran.stderr);
  assert.match(ran.stdout, /262,144 bytes of A have nothing to be compared with/);
  const nothing = await drover(['diff', file, part, '--no-ram', '--no-devices'], scratch);
  assert.equal(nothing.code, 2);
});

test('a core dump of a process is refused by name', async () => {
  using scratch = new Scratch();
  const pieces = [0x400000, 0x7f0000000000].map((virtualAddress, index) => {
    const data = Buffer.alloc(pageBytes, 1 + index);
    return { address: 0, data, memoryBytes: pageBytes, virtualAddress };
  });
  const ran = await drover(['inspect', saved(scratch, 'core', elfCore(pieces))], scratch);
  assert.equal(ran.code, 2, ran.stdout + ran.stderr);
  assert.match(ran.stderr, /a core dump of a process, not of a guest/);
});

test('device state alone is asked for, and one side has none: nothing is compared', async () => {
  using scratch = new Scratch();
  const { file } = stamped(scratch, 128, 7, 100);
  const found = await droverJson(['diff', '--no-ram', file, file], scratch, 2);
  assert.equal(found['equal'], false);
  assert.deepEqual(found['notCompared'], [`device state: ${file} holds none`]);
  const twice = await drover(['diff', '-', '-'], scratch);
  assert.equal(twice.code, 2);
  assert.match(twice.stderr, /standard input can be read once/);
});

test('options that a level of scan would ignore are refused', async () => {
  using scratch = new Scratch();
  const { file } = stamped(scratch, 128, 7, 100);
  for (const options of [
    ['--level', 'zero', '--range', '0-64K'],
    ['--level', 'hash', '--range', '0-64K', '--range', '64K-128K'],
    ['--level', 'hash', '--writers', '2'],
    ['--kernel', 'abacus'],
  ]) {
    const ran = await drover(['scan', file, ...options], scratch);
    assert.equal(ran.code, 2, `${options.join(' ')}: ${ran.stdout}`);
  }
});

for (const [what, change] of [
  [
    'cut short within a page',
    (file: string) => {
      truncateSync(file, 128 * pageBytes - 2);
    },
  ],
  [
    'added to',
    (file: string) => {
      appendFileSync(file, 'x');
    },
  ],
  [
    'rewritten',
    (file: string) => {
      writeFileSync(file, Buffer.alloc(128 * pageBytes));
    },
  ],
] as const) {
  test(`a file that is ${what} while it is read is noticed`, async () => {
    using scratch = new Scratch();
    const { file } = stamped(scratch, 128, 7, 100);
    const { signal } = new AbortController();
    const environment = { temporaryDirectory: scratch.directory, forQemu: {} };
    const progress = new ProgressLine(process.stderr, true);
    using source = await openSource([file], {}, environment, { signal, progress });
    await source.requireUnchanged(signal);
    change(file);
    await assert.rejects(
      source.requireUnchanged(signal),
      /memory: another process changed it while Drover read it/,
    );
  });
}
