import assert from 'node:assert/strict';
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { folderFor } from '../model/scratch.fixtures.js';
import { addressAt, pagesOf } from '../model/stamps.js';
import type { StampedRange } from '../model/stamps.js';
import { openSharedRam } from './open-ram.js';

const page = 4096;
const GiB = 2 ** 30;
const hole = { start: 2 * GiB, end: 4 * GiB };
const pages = 96;
// 64 pages just below the hole, 32 just above it; everything else of 6 GiB is never touched.
const range: StampedRange = {
  start: hole.start - 64 * page,
  end: hole.end + 32 * page,
  step: page,
  stamp: 'wide',
  writers: 2,
  hole,
};

function wide(address: number, generation: number): Buffer {
  const words = Buffer.alloc(16);
  words.writeBigUInt64LE(BigInt(generation), 0);
  words.writeBigUInt64LE(BigInt(address), 8);
  return words;
}

test('slices of sparse memory across the hole are judged each on its own, and cost no memory', async (t) => {
  const path = join(folderFor(t), 'ram');
  const file = openSync(path, 'w+');
  t.after(() => {
    closeSync(file);
  });
  ftruncateSync(file, 6 * GiB);
  const put = (index: number, address: number, generation: number): void => {
    const at = addressAt(range, index);
    writeSync(file, wide(address, generation), 0, 16, at < hole.end ? at : at - 2 * GiB);
  };
  assert.equal(pagesOf(range), pages);
  // Writer 0 has 48 pages and is at its 10th, writer 1 the others and is at its 40th, beyond the
  // hole.
  for (let index = 0; index < pages; index++) {
    const [generation, edge] = index < 48 ? [7, 10] : [70, 88];
    put(index, addressAt(range, index), index < edge ? generation : generation - 1);
  }
  await using ram = await openSharedRam({
    path,
    regions: [
      { address: 0, size: 2 * GiB, offset: 0 },
      { address: 4 * GiB, size: 4 * GiB, offset: 2 * GiB },
    ],
  });
  const sound = await ram.checkStopped(range);
  assert.ok(sound.intact);
  assert.deepEqual(
    sound.slices.map(({ generation, edge }) => [generation, edge]),
    [
      [7, addressAt(range, 10)],
      [70, addressAt(range, 88)],
    ],
  );

  put(90, addressAt(range, 20), 69);
  const damaged = await ram.checkStopped(range);
  assert.equal(damaged.intact, false);
  assert.equal(damaged.slices[0]?.damagedPages, 0);
  const [found] = damaged.slices[1]?.damage ?? [];
  assert.deepEqual(
    [found?.kind, found?.start, found?.from],
    ['misplaced', addressAt(range, 90), addressAt(range, 20)],
  );
});

test('ranges that no guest can have are refused', async (t) => {
  const path = join(folderFor(t), 'ram');
  const file = openSync(path, 'w+');
  ftruncateSync(file, GiB);
  closeSync(file);
  await using ram = await openSharedRam({ path, regions: [{ address: 0, size: GiB, offset: 0 }] });
  const plain: StampedRange = { start: 0, end: 8 * page, step: page, stamp: 'page' };
  for (const [change, message] of [
    [{ writers: 9 }, /9 writers/],
    [{ hole: { start: 0, end: page } }, /hole/],
    [{ hole: { start: page + 8, end: 2 * page } }, /cuts a page/],
  ] as const) {
    await assert.rejects(ram.checkStopped({ ...plain, ...change }), message);
  }
});
