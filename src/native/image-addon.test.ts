/**
 * The addon's images: how they are opened, held, cancelled and closed. What checks find is tested
 * natively.
 */
import assert from 'node:assert/strict';
import { closeSync, ftruncateSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Scratch } from '../model/scratch.fixtures.js';
import { loadAddon } from './addon.js';
import type { NativeImage } from './image-addon.js';

const addon = loadAddon();
const pageBytes = 4096;
const pages = 64;
const edge = 10;
const scratch = new Scratch();
const folder = scratch.directory;
const path = join(folder, 'memory.raw');

/** Level wide: generation 7 up to the edge, 6 after it; each page's own address behind it. */
function wideStamps(): Buffer {
  const memory = Buffer.alloc(pages * pageBytes);
  for (let page = 0; page < pages; page += 1) {
    memory.writeBigUInt64LE(page < edge ? 7n : 6n, page * pageBytes);
    memory.writeBigUInt64LE(BigInt(page * pageBytes), page * pageBytes + 8);
  }
  return memory;
}

before(() => {
  writeFileSync(path, wideStamps());
});

after(() => {
  scratch[Symbol.dispose]();
});

async function open(file: number | string = path): Promise<NativeImage> {
  const opened = await addon.openImage([file], {}).promise;
  assert.equal(opened.problem, null);
  assert.ok(opened.image);
  return opened.image;
}

const everything = {
  level: 'wide',
  step: pageBytes,
  slices: [{ start: 0, end: pages * pageBytes }],
} as const;

test('an image is checked by path and by descriptor, which stays the caller’s own', async () => {
  const fd = openSync(path, 'r');
  for (const file of [path, fd]) {
    const image = await open(file);
    assert.equal(image.format, 'raw');
    assert.equal(image.blocks[0]?.length, pages * pageBytes);
    const task = image.check({ ...everything, mapCells: 8 });
    const [verdict] = await task.promise;
    assert.equal(verdict?.damagedPages, 0);
    assert.equal(verdict.generation, 7);
    assert.equal(verdict.edge, edge * pageBytes);
    assert.equal(verdict.map?.cells.length, 8 * 4);
    assert.deepEqual(task.progress(), { done: pages, total: pages });
    image.close();
  }
  assert.equal(readFileSync(fd).length, pages * pageBytes);
  closeSync(fd);
});

test('damage is named with its kind, and the numbers are right', async () => {
  const memory = wideStamps();
  memory.writeBigUInt64LE(5n, 30 * pageBytes);
  memory.fill(0, 40 * pageBytes, 42 * pageBytes);
  const damaged = join(folder, 'damaged.raw');
  writeFileSync(damaged, memory);
  const image = await open(damaged);
  const [verdict] = await image.check(everything).promise;
  assert.deepEqual(
    verdict?.damage.map(({ start, pages: count, kind, by }) => ({ start, count, kind, by })),
    [
      { start: 30 * pageBytes, count: 1, kind: 'stale', by: 1 },
      { start: 40 * pageBytes, count: 2, kind: 'zeroed', by: 0 },
    ],
  );
  const whole = await open();
  const diff = await whole.diff(image, {
    firstBlock: 0,
    firstStart: 0,
    secondBlock: null,
    secondStart: 0,
    length: pages * pageBytes,
  }).promise;
  assert.equal(diff.differentPages, 3);
  assert.deepEqual(
    diff.runs.map(({ start, byteOffset, first, second }) => ({ start, byteOffset, first, second })),
    [
      { start: 30 * pageBytes, byteOffset: 0, first: 6, second: 5 },
      { start: 40 * pageBytes, byteOffset: 0, first: 6, second: 0 },
    ],
  );
});

test('an extracted block is the memory again, and only an empty file is written', async () => {
  const image = await open();
  const target = join(folder, 'extracted.raw');
  const fd = openSync(target, 'wx+');
  const whole = new Float64Array([0, 0, pages * pageBytes, 0]);
  const copied = await image.extract(whole, pages * pageBytes, fd, 2).promise;
  assert.deepEqual(copied, { written: pages * pageBytes, absent: 0, kernelNotes: [] });
  await assert.rejects(image.extract(whole, pages * pageBytes, fd, 2).promise, {
    code: 'bad-argument',
  });
  const odd = new Float64Array([0, 0.5, -1, 0]);
  assert.throws(() => image.extract(odd, 0, fd, 2), { code: 'bad-argument' });
  closeSync(fd);
  assert.ok(readFileSync(target).equals(wideStamps()));
});

test('an image says which part of a range it holds', async () => {
  const image = await open();
  const held = await image.heldRanges(0, pageBytes, 3 * pageBytes).promise;
  assert.deepEqual([...held], [pageBytes, 3 * pageBytes]);
});

test('an image says where in its file the pages of a block lie', async () => {
  const image = await open();
  const stored = await image.storedRanges(0).promise;
  assert.deepEqual([...stored], [0, pages * pageBytes, 0, 0]);
  assert.throws(() => image.storedRanges(1), { code: 'bad-argument' });
});

test('closing refuses further calls and leaves work under way alone', async () => {
  const image = await open();
  const bytes = Buffer.alloc(pages * pageBytes);
  const task = image.readBytes(0, 0, bytes);
  image.close();
  image.close();
  assert.equal(await task.promise, 0);
  assert.ok(bytes.equals(wideStamps()));
  assert.throws(() => image.readBytes(0, 0, bytes), { code: 'bad-argument' });
  assert.throws(() => image.blocks, { code: 'bad-argument' });
});

test('long work ends soon after it is cancelled', async () => {
  const huge = join(folder, 'huge.raw');
  const fd = openSync(huge, 'w');
  ftruncateSync(fd, 2 ** 42);
  closeSync(fd);
  const image = await open(huge);
  const task = image.check({ ...everything, level: 'page', slices: [{ start: 0, end: 2 ** 42 }] });
  setTimeout(() => {
    task.cancel();
  }, 20);
  await assert.rejects(task.promise, { code: 'cancelled' });
});

test('a file that is not an image gives a problem with a reason, a missing file an error', async () => {
  const packed = join(folder, 'packed.gz');
  writeFileSync(packed, Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0]));
  const opened = await addon.openImage([packed], {}).promise;
  assert.equal(opened.image, null);
  assert.equal(opened.problem?.kind, 'unsupported');
  assert.match(opened.problem.reason, /gzip/);
  assert.throws(() => addon.openImage([join(folder, 'nothing')], {}), { errno: 'ENOENT' });
  assert.throws(() => addon.openImage(['/dev/null'], {}), { code: 'bad-argument' });
});

test('wrong requests are refused, never misinterpreted', async () => {
  const image = await open();
  const wrong = [
    { ...everything, slices: [] },
    { ...everything, slices: [{ start: 4096, end: 4096 }] },
    { ...everything, step: 8 },
    { ...everything, level: 'page', step: 100 },
  ] as const;
  for (const request of wrong) {
    await assert.rejects(image.check(request).promise, { code: 'bad-argument' });
  }
  assert.throws(() => image.check({ ...everything, step: -1 }), { code: 'bad-argument' });
  assert.throws(() => image.check({ ...everything, block: 5 }), { code: 'bad-argument' });
  const tooLong = Buffer.allocUnsafeSlow(2 ** 30 + 1);
  for (const into of [tooLong, new Uint16Array(2), 2] as Uint8Array[]) {
    assert.throws(() => image.readBytes(0, 0, into), { code: 'bad-argument' });
    assert.throws(() => image.readInput(0, 0, into), { code: 'bad-argument' });
  }
  await assert.rejects(image.readBytes(0, pages * pageBytes - 1, Buffer.alloc(2)).promise, {
    code: 'out-of-range',
  });
  await assert.rejects(
    image.check({ ...everything, slices: [{ start: 0, end: 2 ** 30 }] }).promise,
    { code: 'out-of-range', address: pages * pageBytes },
  );
});
