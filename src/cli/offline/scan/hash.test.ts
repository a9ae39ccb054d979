/** `scan --level hash`: of which bytes the hash is. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { sampleNamed, samplesSkip, unpack } from '../../../memory/samples.fixtures.js';
import { asArray, asObject } from '../../../model/json.js';
import type { JsonObject } from '../../../model/json.js';
import { Scratch } from '../../../model/scratch.fixtures.js';
import { drover, droverJson } from '../../process/drover.fixtures.js';
import { elfCore, kdump, saved } from '../samples/dumps.fixtures.js';

const skip = samplesSkip;
const pageBytes = 4096;
const page = Buffer.alloc(pageBytes, 7);

test('the hash of a dump is that of the memory that it lists', { skip }, async () => {
  using scratch = new Scratch();
  const elf = unpack(sampleNamed('q72-dump-elf'), scratch.directory)[0]!;
  const packed = unpack(sampleNamed('q72-dump-kdump-zlib'), scratch.directory)[0]!;
  const hashOf = async (dump: string, code: number): Promise<JsonObject> => {
    const found = await droverJson(['scan', '--level', 'hash', dump], scratch, code);
    assert.equal(found['clean'], code === 0);
    return asObject(asArray(found['blocks'])[0]!);
  };
  const [first, second] = [await hashOf(elf, 0), await hashOf(packed, 0)];
  assert.equal(first['sha256'], second['sha256']);
  assert.equal(first['absent'], first['holes']);

  const parts = elfCore(
    [0, 3].map((at) => ({ address: at * pageBytes, data: page, memoryBytes: pageBytes })),
  );
  const small = await hashOf(saved(scratch, 'small', parts), 0);
  const both = createHash('sha256').update(page).update(page).digest('hex');
  assert.deepEqual([small['sha256'], small['holes']], [both, 2]);
  const short = saved(scratch, 'short', kdump(8, page, [0, 1, 5], [2, 3]));
  assert.equal((await hashOf(short, 2))['sha256'], null);
  const text = await drover(['scan', '--level', 'hash', short], scratch);
  assert.match(text.stdout, /memory: 2 of 5 pages are not in the file/);
  const hole = ['scan', '--level', 'hash', '--range', '4K-16K'];
  const unlisted = await drover([...hole, path.join(scratch.directory, 'small')], scratch);
  assert.equal(unlisted.code, 2, unlisted.stderr);
  assert.match(unlisted.stdout, /memory: the dump lists no memory in 0x1000-0x3000/);
});

test('the range of a hash is of guest addresses, as everywhere', { skip }, async () => {
  using scratch = new Scratch();
  const [raw] = unpack(sampleNamed('q72-pmemsave.raw'), scratch.directory);
  const [stream] = unpack(sampleNamed('q72-exec-plain'), scratch.directory);
  const hash = ['scan', '--level', 'hash', '--range'];
  const found = await droverJson([...hash, '0x101000-0x103000', stream!], scratch, 0);
  const [block, ...others] = asArray(found['blocks']).map(asObject);
  assert.deepEqual(
    [block?.['name'], others],
    ['pc.ram', []],
    'a block that lies elsewhere is left out',
  );
  const placed = await droverJson(
    [...hash, '0x101000-0x103000', '--address', '1M', raw!],
    scratch,
    0,
  );
  const wanted = createHash('sha256')
    .update(readFileSync(raw!).subarray(0x1000, 0x3000))
    .digest('hex');
  const offsets = await droverJson([...hash, '0x1000-0x3000', raw!], scratch, 0);
  for (const answer of [placed, offsets]) {
    assert.equal(asObject(asArray(answer['blocks'])[0]!)['sha256'], wanted);
  }
  const outside = await drover([...hash, '0-0x2000', '--address', '1M', raw!], scratch);
  assert.equal(outside.code, 2, outside.stdout);
  assert.match(outside.stderr, /--range: there is no RAM at 0x0-0x2000; RAM is at 0x100000-/);
});
