/** Memory that a file does not hold: never equal, never zero, never clean. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { sampleNamed, samplesSkip, unpack, unpackCase } from '../../memory/samples.fixtures.js';
import { asArray, asObject, asString } from '../../model/json.js';
import type { JsonObject } from '../../model/json.js';
import { Scratch } from '../../model/scratch.fixtures.js';
import { drover, droverJson } from '../process/drover.fixtures.js';
import { elfCore, kdump, limeFile, saved } from './samples/dumps.fixtures.js';

const skip = samplesSkip;
const pageBytes = 4096;
const page = Buffer.alloc(pageBytes, 7);

test('pages that neither of two dumps holds are not compared, and the exit code is 2', async () => {
  using scratch = new Scratch();
  const excluded = kdump(8, page, [0, 1, 5], [2, 3]);
  const a = saved(scratch, 'a', excluded);
  const b = saved(scratch, 'b', excluded);
  const found = await droverJson(['diff', a, b], scratch, 2);
  assert.equal(found['equal'], false);
  assert.deepEqual(found['notCompared'], [
    'guest memory 0x0-0x4000: 2 pages, which neither A nor B holds',
  ]);
  const [low, high] = asArray(found['ram']).map(asObject);
  assert.deepEqual([low?.['pages'], low?.['absentInBoth'], low?.['differentPages']], [4, 2, 0]);
  assert.deepEqual([high?.['pages'], high?.['absentInBoth']], [1, 0]);
  const text = await drover(['diff', a, b], scratch);
  assert.match(text.stdout, /0x0-0x4000: 2 pages equal\n/);
  assert.match(text.stdout, /not compared: guest memory 0x0-0x4000: 2 pages/);
  await droverJson(['diff', '--absent-as-zero', a, b], scratch, 0);
  await droverJson(['diff', '--range', '0-8K', a, b], scratch, 0);
  await droverJson(['diff', '--range', '0-16K', a, b], scratch, 2);
  const other = saved(scratch, 'other', kdump(8, page, [0, 2, 5], [1, 3]));
  const differs = await droverJson(['diff', a, other], scratch, 1);
  assert.equal(asObject(asArray(differs['ram'])[0]!)['absentInBoth'], 1);
});

test('addresses where a dump lists no memory are none that could be missing', async () => {
  using scratch = new Scratch();
  const dump = saved(scratch, 'dump', kdump(8, page, [0, 1, 5]));
  await droverJson(['diff', dump, dump], scratch, 0);
  const found = await droverJson(['scan', '--level', 'zero', dump], scratch, 0);
  const [memory] = asArray(found['blocks']).map(asObject);
  assert.deepEqual([memory?.['absent'], memory?.['holes'], memory?.['zeroContent']], [5, 5, 0]);
});

test('addresses that a dump of very many ranges does not list are none that could be missing', async () => {
  using scratch = new Scratch();
  const ranges = Array.from({ length: 5000 }, (_, index) => [index * 2 * pageBytes, page] as const);
  const dump = saved(scratch, 'dump', limeFile(ranges));
  const found = await droverJson(['scan', '--level', 'zero', dump], scratch, 0);
  const [memory] = asArray(found['blocks']).map(asObject);
  assert.deepEqual([memory?.['absent'], memory?.['holes']], [4999, 4999]);
  const inspected = await drover(['inspect', dump], scratch);
  assert.match(inspected.stdout, / 0x26000-0x27000 and 4,980 more ranges\n/);
  await droverJson(['diff', dump, dump], scratch, 0);
});

test('memory of virtio-mem is named after the device, and is main memory', { skip }, async () => {
  using scratch = new Scratch();
  const stream = unpackCase('numa.mig', scratch.directory);
  const text = readFileSync(stream, 'latin1').replaceAll('ram-node1', '0:1.0/vm1');
  const file = saved(scratch, 'file', Buffer.from(text, 'latin1'));
  const raw = saved(scratch, 'raw', Buffer.alloc(8 * 1024 ** 2));
  const found = await droverJson(['diff', '--no-devices', file, raw], scratch, 1);
  assert.deepEqual(found['notCompared'], [
    'block 0:1.0/vm1: the guest address of 8,388,608 bytes in A is not known; say it with --place 0:1.0/vm1=ADDRESS',
  ]);
  const out = path.join(scratch.directory, 'out');
  const exported = await droverJson(['export', '--as', 'lime', file, out], scratch, 2);
  const [left] = asArray(exported['leftOut']).map(asObject);
  assert.deepEqual([left?.['block'], left?.['why']], ['0:1.0/vm1', 'address-unknown']);
});

test('pages that makedumpfile excluded, or of which a file holds a part, are not zero', async () => {
  using scratch = new Scratch();
  const partly = elfCore([
    { address: 0, data: Buffer.alloc(pageBytes + 100), memoryBytes: 2 * pageBytes },
    { address: 3 * pageBytes + 8, data: Buffer.alloc(pageBytes), memoryBytes: pageBytes },
  ]);
  for (const [bytes, zero, absent] of [
    [kdump(8, Buffer.alloc(pageBytes), [0, 1, 5], [2, 3]), 3, 2],
    [partly, 1, 3],
  ] as const) {
    const dump = saved(scratch, 'dump', bytes);
    const found = await droverJson(['scan', '--level', 'zero', dump], scratch, 2);
    assert.equal(found['clean'], false);
    const [memory] = asArray(found['blocks']).map(asObject);
    assert.equal(memory?.['zeroContent'], zero);
    assert.equal(Number(memory['absent']) - Number(memory['holes']), absent);
    const text = await drover(['scan', '--level', 'zero', dump], scratch);
    assert.match(text.stdout, new RegExp(`${zero} zero, ${absent} not in the file`));
    await droverJson(['diff', dump, dump], scratch, 2);
  }
  const raw = saved(scratch, 'raw', Buffer.alloc(8 * pageBytes));
  const dump = saved(scratch, 'dump', partly);
  const found = await droverJson(['diff', dump, raw, '--range', '0-8K'], scratch, 1);
  assert.equal(asObject(asArray(found['ram'])[0]!)['absentInFirst'], 1);
});

test('a dump with paging is not equal to itself where it holds nothing', { skip }, async () => {
  using scratch = new Scratch();
  const dump = unpackCase('elf-paging-direct.elf', scratch.directory);
  const found = await droverJson(['diff', dump, dump], scratch, 2);
  assert.deepEqual(found['notCompared'], [
    'guest memory 0x0-0x800000: 1,856 pages, which neither A nor B holds',
  ]);
  await droverJson(['scan', '--level', 'zero', dump], scratch, 2);
});

test('a block whose content is not in the file is named, at every level', { skip }, async () => {
  using scratch = new Scratch();
  const stream = unpackCase('mapped-ram-ignore-shared.mig', scratch.directory);
  assert.equal((await droverJson(['scan', '--level', 'zero', stream], scratch, 2))['clean'], false);
  await droverJson(['scan', '--level', 'zero', '--block', 'pc.bios', stream], scratch, 0);
  for (const level of ['byte', 'wide', 'page']) {
    const args = ['scan', '--level', level, '--range', '1M-2M', stream];
    assert.equal((await droverJson(args, scratch, 2))['clean'], false);
    const text = await drover(args, scratch);
    assert.match(text.stdout, /not checked: the content of 256 pages is not in the file/);
    assert.doesNotMatch(text.stdout, /damaged/);
  }
  const found = await droverJson(['diff', stream, stream], scratch, 2);
  assert.deepEqual(found['notCompared'], [
    'block m0: its content is not in the stream (x-ignore-shared)',
  ]);
  await droverJson(['diff', '--no-ram', stream, stream], scratch, 0);
  await droverJson(['diff', '--block', 'm0', stream, stream], scratch, 2);
});

test('a range in a block whose content is not in the file is not compared', { skip }, async () => {
  using scratch = new Scratch();
  const stream = unpackCase('mapped-ram-ignore-shared.mig', scratch.directory);
  const raw = saved(scratch, 'raw', Buffer.alloc(16 * 1024 ** 2));
  const note = (range: string, side: string): string =>
    `${range}: block m0: its content is not in the stream (x-ignore-shared), in ${side}`;
  for (const [args, wanted] of [
    [['--range', '1M-2M', stream, stream], [note('0x100000-0x200000', 'A')]],
    [
      ['--range', '1M-2M', '--range', '3M-4M', raw, stream],
      [note('0x100000-0x200000, 0x300000-0x400000', 'B')],
    ],
    [
      ['--block', 'm0', '--range', '1M-2M', stream, stream],
      ['block m0: its content is not in the stream (x-ignore-shared)'],
    ],
  ] as const) {
    const found = await droverJson(['diff', ...args], scratch, 2);
    assert.deepEqual([found['notCompared'], found['ram']], [wanted, []]);
  }
  // What lies beside it is compared.
  const bios = await droverJson(
    ['diff', '--range', '0xfffc0000-0xffffffff', '--range', '1M-2M', stream, stream],
    scratch,
    2,
  );
  assert.deepEqual(bios['notCompared'], [note('0x100000-0x200000', 'A')]);
  assert.equal(asArray(bios['ram']).length, 1);
});

test(
  'extracted blocks have holes where the source lacks memory, and say so',
  { skip },
  async () => {
    using scratch = new Scratch();
    const extracted = async (source: string, code: number): Promise<JsonObject> => {
      const folder = path.join(scratch.directory, `${path.basename(source)}.parts`);
      return await droverJson(['inspect', '--extract', folder, source], scratch, code);
    };
    const short = saved(scratch, 'short', kdump(8, page, [0, 1, 5], [2, 3]));
    const [memory] = asArray((await extracted(short, 2))['files']).map(asObject);
    assert.deepEqual([memory?.['bytes'], memory?.['absentBytes']], [8 * pageBytes, 2 * pageBytes]);
    const bytes = readFileSync(asString(memory?.['file']) ?? '');
    assert.ok(
      bytes.equals(
        Buffer.concat([page, page, Buffer.alloc(3 * pageBytes), page, Buffer.alloc(2 * pageBytes)]),
      ),
    );
    const text = await drover(
      ['inspect', '--extract', path.join(scratch.directory, 'again'), short],
      scratch,
    );
    assert.equal(text.code, 2);
    assert.match(
      text.stdout,
      /RAM block memory, 32 KiB; 8,192 bytes of it not in the source: holes/,
    );

    const shared = await extracted(
      unpackCase('mapped-ram-ignore-shared.mig', scratch.directory),
      2,
    );
    assert.deepEqual(shared['leftOut'], ['m0']);
    const whole = await extracted(saved(scratch, 'whole', kdump(8, page, [0, 1, 5])), 0);
    assert.equal(asObject(asArray(whole['files'])[0]!)['absentBytes'], 0);
  },
);

test('NUMA nodes of a PC are compared by address', { skip }, async () => {
  using scratch = new Scratch();
  const stream = unpackCase('numa.mig', scratch.directory);
  const truth = unpackCase('numa.truth.raw', scratch.directory);
  const found = await droverJson(['diff', stream, truth], scratch, 0);
  assert.deepEqual(found['notCompared'], []);
  assert.match(JSON.stringify(found['notes']), /ram-node0, ram-node1: placed as NUMA nodes in the/);
  assert.deepEqual(
    asArray(found['ram']).map((one) => asObject(one)['what']),
    ['guest memory 0x0-0xa0000', 'guest memory 0x100000-0x1000000'],
  );
  const memory = readFileSync(truth);
  memory[0xa80123] = 1 ^ (memory[0xa80123] ?? 0);
  const changed = saved(scratch, 'changed', memory);
  const other = await droverJson(['diff', stream, changed], scratch, 1);
  const [run] = asArray(asObject(asArray(other['ram'])[1]!)['runs']).map(asObject);
  assert.deepEqual([run?.['start'], run?.['byteOffset']], [0xa80000, 0x123]);
});

test('--place says where a block lies, in one piece or more', { skip }, async () => {
  using scratch = new Scratch();
  const stream = unpackCase('numa.mig', scratch.directory);
  const truth = unpackCase('numa.truth.raw', scratch.directory);
  const diff = (...args: string[]): string[] => ['diff', stream, truth, ...args];
  const told = diff('--place', 'ram-node0=0+4M', '--place', 'ram-node0=4M');
  const placed = await droverJson(told, scratch, 0);
  assert.doesNotMatch(JSON.stringify(placed['notes']), /NUMA/);
  const moved = await droverJson(
    diff('--place', 'ram-node0=8M', '--place', 'ram-node1=16M'),
    scratch,
    2,
  );
  assert.deepEqual(moved['notCompared'], [
    '8,388,608 bytes of A have nothing to be compared with: 0x1000000-0x1800000',
    '7,995,392 bytes of B have nothing to be compared with: 0x0-0xa0000, 0x100000-0x800000',
  ]);
  const part = await droverJson(diff('--place', 'ram-node1=8M+4M'), scratch, 2);
  assert.match(
    JSON.stringify(part['notCompared']),
    /block ram-node1: the guest address of 4,194,304 bytes in A is not known; say it with --place/,
  );
  for (const [args, reason] of [
    [['--place', 'nothing=0'], /there is no RAM block 'nothing'; there are ram-node0/],
    [['--place', 'ram-node0=1M'], /--place: 0x800000-0x900000 is in block/],
    [
      ['--place', 'ram-node0=1G+4M', '--place', 'ram-node0=1026M'],
      /--place: 0x40200000-0x40400000 is in two places of block ram-node0/,
    ],
    [
      ['--place', 'ram-node0=1G', '--place', 'ram-node0=1G'],
      /--place.*block ram-node0 has a place without a length/,
    ],
    [['--place', 'ram-node0'], /expected BLOCK=ADDRESS/],
    [['--place', 'ram-node0=0+9M'], /beyond the end of memory/],
    [['--place', 'ram-node0=1'], /--place ram-node0: a place that cuts a page/],
    [['--address', '0x800'], /--address 0x800: begins within a page of 4096 bytes; give the/],
  ] as const) {
    const ran = await drover(diff(...args), scratch);
    assert.equal(ran.code, 2, ran.stdout);
    assert.match(ran.stderr, reason);
  }
  const scanned = await drover(['inspect', '--place', 'ram-node1=4G', stream], scratch);
  assert.match(scanned.stdout, /ram-node1 .* 0x100000000-0x100800000/);
});

test('a dump of a PC is equal to its stream and to raw memory, ROM and all', { skip }, async () => {
  using scratch = new Scratch();
  const file = (name: string): string => unpack(sampleNamed(name), scratch.directory)[0]!;
  const [stream, elf, packed] = ['q72-exec-plain', 'q72-dump-elf', 'q72-dump-kdump-zlib'].map(file);
  await droverJson(['diff', elf!, packed!], scratch, 0);
  await droverJson(['diff', stream!, elf!], scratch, 0);
  await droverJson(['scan', '--level', 'zero', elf!], scratch, 0);
});
