/**
 * Memory that Drover takes for large files: the page index follows the pages in a file, the
 * JavaScript heap nothing.
 */
import assert from 'node:assert/strict';
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { asArray, asObject } from '../../model/json.js';
import type { Json } from '../../model/json.js';
import { openImage } from '../../memory/image.js';
import { stampedPage } from '../../model/page-stamp.js';
import { Scratch } from '../../model/scratch.fixtures.js';
import { drover } from '../process/drover.fixtures.js';

const pageBytes = 4096;
const TiB = 1024 ** 4;
/** Less than the 64 MiB that Drover promises: node counts what it itself needs, too. */
const smallHeap = { NODE_OPTIONS: '--max-old-space-size=48 --max-semi-space-size=2' };

const be = (value: number, bytes: 1 | 4 | 8): Buffer => {
  const out = Buffer.alloc(bytes);
  if (bytes === 8) out.writeBigUInt64BE(BigInt(value));
  else out.writeUIntBE(value, 0, bytes);
  return out;
};
const named = (name: string): Buffer => Buffer.concat([be(name.length, 1), Buffer.from(name)]);
const footer = Buffer.concat([be(0x7e, 1), be(2, 4)]);
const endOfChunk = Buffer.concat([be(0x10, 8), footer]);

/**
 * A plain stream of one block: `zeros` zero pages from its start on, then stamped ones, then
 * nothing for the rest.
 */
function writeStream(file: string, blockBytes: number, zeros: number, stamped: number): void {
  const fd = openSync(file, 'w', 0o600);
  try {
    const put = (...parts: Buffer[]): number => writeSync(fd, Buffer.concat(parts));
    put(Buffer.from('QEVM'), be(3, 4), be(1, 1), be(2, 4), named('ram'), be(0, 4), be(4, 4));
    put(Buffer.from(be(blockBytes, 8).map((byte, index) => (index === 7 ? byte | 4 : byte))));
    put(named('pc.ram'), be(blockBytes, 8), endOfChunk, be(2, 1), be(2, 4));
    put(be(0x02, 8), named('pc.ram'), be(0, 1));
    const batch = 65_536;
    for (let page = 1; page < zeros; page += batch) {
      const count = Math.min(batch, zeros - page);
      const records = Buffer.alloc(9 * count);
      for (let index = 0; index < count; index++) {
        records.writeBigUInt64BE(BigInt((page + index) * pageBytes + 0x22), 9 * index);
      }
      put(records);
    }
    for (let page = zeros; page < zeros + stamped; page++) {
      put(be(page * pageBytes + 0x28, 8), stampedPage(page * pageBytes, 9, pageBytes));
    }
    put(endOfChunk, be(3, 1), be(2, 4), endOfChunk, be(0, 1));
  } finally {
    closeSync(fd);
  }
}

test('the index takes less than 16 bytes a page, and nothing for pages that a stream does not hold', async () => {
  using scratch = new Scratch();
  const pages = { zeros: 1 << 21, stamped: 256 };
  const present = pages.zeros + pages.stamped;
  const sizes: number[] = [];
  for (const blockBytes of [present * pageBytes, 16 * TiB]) {
    const file = path.join(scratch.directory, `stream-${blockBytes}`);
    writeStream(file, blockBytes, pages.zeros, pages.stamped);
    using image = await openImage([file], { temporaryFolder: scratch.directory });
    const found = await image.statistics(0, false);
    assert.deepEqual([found.zero, found.stored], [pages.zeros, pages.stamped]);
    sizes.push(image.indexBytes);
  }
  const [whole = 0, partial = 0] = sizes;
  assert.ok(whole < 16 * present, `${whole} bytes for ${present} pages`);
  assert.ok(partial < whole * 1.01 + 4096, `${partial} bytes where most is absent, else ${whole}`);
});

test('every command gets by with a small heap, however large the file', async () => {
  using scratch = new Scratch();
  const stream = path.join(scratch.directory, 'stream');
  writeStream(stream, TiB, 1 << 21, 256);
  const from = 2 ** 21 * pageBytes;
  const range = `${from}-${from + 256 * pageBytes}`;
  const checked = await drover(
    ['scan', '--json', '--block', 'pc.ram', '--level', 'page', '--range', range, stream],
    scratch,
    smallHeap,
  );
  assert.equal(checked.code, 0, checked.stderr);
  const [slice] = asArray(asObject(JSON.parse(checked.stdout) as Json)['slices']).map(asObject);
  assert.deepEqual([slice?.['pages'], slice?.['generation']], [256, 9]);

  const raw = path.join(scratch.directory, 'raw');
  const fd = openSync(raw, 'w', 0o600);
  ftruncateSync(fd, TiB);
  writeSync(fd, stampedPage(TiB / 2, 9, pageBytes), 0, pageBytes, TiB / 2);
  closeSync(fd);
  // Of a stream that holds a small part of its block, most is neither zero nor equal.
  for (const [code, ...args] of [
    [2, 'scan', '--level', 'zero', stream],
    [0, 'scan', '--level', 'zero', raw],
    [0, 'inspect', stream],
    [2, 'diff', '--no-devices', stream, stream],
  ] as const) {
    const ran = await drover(args, scratch, smallHeap);
    assert.equal(ran.code, code, `${args.join(' ')}: ${ran.stdout}${ran.stderr}`);
  }
});
