/** The slow twin's own ways; its verdicts are compared with the fast ones in check.test.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readerRam } from './reader-ram.js';
import { ramStart, rangeOf } from './stamps.fixtures.js';

test('a long read is made of short ones, in order', async () => {
  const sizes: number[] = [];
  await using ram = readerRam({
    source: 'qtest',
    read: (address, size) => {
      sizes.push(size);
      return Promise.resolve(Buffer.alloc(size, address / 65536));
    },
  });
  const bytes = await ram.readBytes(65536, 65536 + 10);
  assert.deepEqual(sizes, [65536, 10]);
  assert.equal(bytes[0], 1);
  assert.equal(bytes[65536], 2);
});

test('a reader that gives too few bytes is blamed', async () => {
  await using ram = readerRam({ source: 'qtest', read: () => Promise.resolve(Buffer.alloc(0)) });
  await assert.rejects(
    ram.checkStopped(rangeOf(2)),
    /qtest gave 0 bytes where 1 were asked for at 0x100000/,
  );
});

test("the reader's own error comes through", async () => {
  await using ram = readerRam({ source: 'qtest', read: () => Promise.reject(new Error('closed')) });
  await assert.rejects(ram.readBytes(0, 1), /^Error: closed$/);
});

test('a watch polls until the value is there, and gives up on time', async () => {
  let reads = 0;
  await using ram = readerRam({
    source: 'qtest',
    read: (_, size) => Promise.resolve(Buffer.alloc(size, Math.min(++reads, 4))),
  });
  const common = { address: ramStart, width: 1, timeoutMs: 10_000 } as const;
  const met = await ram.watch({ ...common, until: 'equals', value: 4n });
  assert.deepEqual([met.met, met.last, reads], [true, 4n, 4]);
  const late = await ram.watch({ ...common, until: 'differs', value: 4n, timeoutMs: 15 });
  assert.deepEqual([late.met, late.last], [false, 4n]);
});

test('a watch counts how far a number has grown, over its wrap', async () => {
  let reads = 0;
  await using ram = readerRam({
    source: 'qtest',
    read: (_, size) => Promise.resolve(Buffer.alloc(size, (249 + 3 * ++reads) % 256)),
  });
  const common = { address: ramStart, width: 1, until: 'advances' } as const;
  const met = await ram.watch({ ...common, value: 7n, timeoutMs: 10_000 });
  assert.deepEqual([met.met, met.last, met.advanced, reads], [true, 5n, 9n, 4]);
});

test('a check ends by its signal and by closing', async () => {
  const stop = new AbortController();
  let reads = 0;
  const ram = readerRam({
    source: 'qtest',
    read: (_, size) => {
      if (++reads === 3) stop.abort(new Error('enough'));
      return Promise.resolve(Buffer.alloc(size));
    },
  });
  await assert.rejects(ram.checkStopped(rangeOf(100), { signal: stop.signal }), /^Error: enough$/);
  assert.equal(reads, 3);
  await ram[Symbol.asyncDispose]();
  await assert.rejects(ram.checkStopped(rangeOf(100)), /guest memory was closed: qtest/);
});
