/** `--place` and dumps, which list the guest addresses of their memory themselves. */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { Scratch } from '../../../model/scratch.fixtures.js';
import type { Range } from '../../../model/text/sizes.js';
import type { NativeBlock } from '../../../native/image-addon.js';
import { drover } from '../../process/drover.fixtures.js';
import { elfCore } from '../samples/dumps.fixtures.js';
import { intersect, requirePlaced, subtract } from './places.js';

const page = Buffer.alloc(4096, 7);

test('--place is refused for a dump, and nothing is compared, hashed or written', async () => {
  using scratch = new Scratch();
  const [dump, out] = ['dump', 'out'].map((name) => path.join(scratch.directory, name));
  const pieces = [0, 16384].map((address) => ({ address, data: page, memoryBytes: page.length }));
  writeFileSync(dump!, elfCore(pieces));
  for (const words of [
    ['diff', dump!, dump!],
    ['scan', '--level', 'hash', dump!],
    ['inspect', '--extract', out!, dump!],
    ['export', '--as', 'raw', dump!, out!],
  ]) {
    const ran = await drover([...words, '--place', 'memory=0+4K'], scratch);
    assert.equal(ran.code, 2, `${words.join(' ')}: ${ran.stdout}${ran.stderr}`);
    assert.match(ran.stderr, /--place memory: .*\/dump is a dump, which lists the guest addresses/);
    assert.ok(!existsSync(out!));
  }
});

const source = (
  format: string,
  name: string,
): { label: string; format: string; blocks: NativeBlock[] } => {
  const places = [{ address: 0, blockOffset: 0, length: 4096 }];
  const kind = { mainMemory: true, contentElsewhere: false };
  return {
    label: format,
    format,
    blocks: [{ name, length: 4096, pageBytes: 4096, places, ...kind }],
  };
};

test('beside a dump, --place may name blocks of the other source only', () => {
  const memory = [{ block: 'memory', address: 0, length: 4096 }];
  for (const format of ['elf', 'kdump', 'win-dmp']) {
    const dump = source(format, 'memory');
    const reason = new RegExp(`--place memory: ${format} is a dump`);
    assert.throws(() => {
      requirePlaced([dump], memory);
    }, reason);
    assert.throws(() => {
      requirePlaced([source('raw', 'memory'), dump], memory);
    }, reason);
    requirePlaced([dump, source('stream', 'node')], [{ ...memory[0]!, block: 'node' }]);
    requirePlaced([dump], []);
  }
  requirePlaced([source('raw', 'memory')], memory);
});

test('what ranges share, and what is left of them, is the same as byte by byte', () => {
  const range = fc.tuple(fc.nat(30), fc.integer({ min: 1, max: 8 })).map(([start, length]) => ({
    start,
    end: start + length,
  }));
  const bytesOf = (ranges: readonly Range[]): number[] =>
    ranges.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, at) => start + at));
  const ranges = fc.array(range, { maxLength: 6 });
  fc.assert(
    fc.property(ranges, ranges, (first, second) => {
      const others = new Set(bytesOf(second));
      const bytes = bytesOf(first);
      const [shared, left] = [intersect(first, second), subtract(first, second)];
      assert.deepEqual(
        bytesOf(shared),
        bytes.filter((byte) => others.has(byte)),
      );
      assert.deepEqual(
        bytesOf(left),
        bytes.filter((byte) => !others.has(byte)),
      );
      assert.ok([...shared, ...left].every(({ start, end }) => start < end));
    }),
  );
});
