/**
 * `drover export`: what is in the files, what is left out, and what happens where they cannot be
 * written.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { openImage } from '../../../memory/image.js';
import { sampleNamed, samplesSkip, unpack, unpackCase } from '../../../memory/samples.fixtures.js';
import { asArray, asObject } from '../../../model/json.js';
import type { Json, JsonObject } from '../../../model/json.js';
import { Scratch } from '../../../model/scratch.fixtures.js';
import { drover } from '../../process/drover.fixtures.js';
import { kdump } from '../samples/dumps.fixtures.js';
import { bytesOf, diskBytes, readLime } from './export.fixtures.js';

const skip = samplesSkip;
const pageBytes = 4096;
/** A PC shows VGA and ROM here; a stream has the RAM behind. */
const shadowed = { start: 0xa0000, end: 0x100000 };

async function exported(words: readonly string[], scratch: Scratch, code = 0): Promise<JsonObject> {
  const ran = await drover(['export', '--json', ...words], scratch);
  assert.equal(ran.code, code, `${words.join(' ')}: ${ran.stdout}${ran.stderr}`);
  return asObject(JSON.parse(ran.stdout) as Json);
}

const inside = (scratch: Scratch, name: string): string => path.join(scratch.directory, name);

function equalBut(actual: Buffer, expected: Buffer, { start, end } = shadowed): void {
  assert.equal(actual.length, expected.length);
  assert.ok(actual.subarray(0, start).equals(expected.subarray(0, start)), 'below');
  assert.ok(actual.subarray(end).equals(expected.subarray(end)), 'above');
}

test('NUMA nodes of a stream become one range, in every format', { skip }, async () => {
  using scratch = new Scratch();
  const stream = unpackCase('numa.mig', scratch.directory);
  const truth = readFileSync(unpackCase('numa.truth.raw', scratch.directory));
  const [raw, elf, lime] = ['raw', 'elf', 'lime'].map((name) => inside(scratch, `out.${name}`));
  for (const [as, file] of [
    ['raw', raw!],
    ['elf', elf!],
    ['lime', lime!],
  ] as const) {
    const found = await exported([stream, '--as', as, file], scratch);
    assert.deepEqual(found['ranges'], [{ start: 0, end: truth.length }]);
    assert.deepEqual([found['memoryBytes'], found['absentBytes']], [truth.length, 0]);
    assert.ok(diskBytes(file) <= Number(found['writtenBytes']) + 16_384, 'zero pages are holes');
  }
  equalBut(readFileSync(raw!), truth);
  const [only, ...others] = readLime(lime!);
  assert.deepEqual([only?.address, others.length], [0, 0]);
  equalBut(only!.bytes, truth);
  for (const args of [
    ['diff', stream, elf!],
    ['diff', stream, raw!],
    ['diff', elf!, raw!],
    ['diff', '--range', `0-${shadowed.start}`, elf!, inside(scratch, 'numa.truth.raw')],
  ]) {
    const ran = await drover(args, scratch);
    assert.equal(ran.code, 0, `${args.join(' ')}: ${ran.stdout}${ran.stderr}`);
  }
});

test('readelf reads the ELF file: a core for the processor of the guest', { skip }, async (t) => {
  if (spawnSync('readelf', ['--version']).status !== 0) {
    t.skip('readelf is not installed');
    return;
  }
  using scratch = new Scratch();
  const readelf = (file: string): string => {
    const ran = spawnSync('readelf', ['-hlW', file], { encoding: 'utf8' });
    assert.deepEqual([ran.status, ran.stderr], [0, '']);
    return ran.stdout;
  };
  const out = inside(scratch, 'out');
  for (const [source, machine, load] of [
    [unpackCase('numa.mig', scratch.directory), /Machine: +Advanced Micro Devices X86-64/, '0x0+ '],
    [unpack(sampleNamed('q72-aarch64-virt'), scratch.directory)[0]!, /AArch64/, '0x0+40000000 '],
    [unpack(sampleNamed('q72-pseries'), scratch.directory)[0]!, /PowerPC64/, '0x0+ '],
    [unpack(sampleNamed('q72-dump-elf'), scratch.directory)[0]!, /Intel 80386|X86-64/, '0x0+ '],
  ] as const) {
    await exported([source, '--as', 'elf', '--force', out], scratch);
    const text = readelf(out);
    assert.match(text, /Type: +CORE/);
    assert.match(text, machine);
    assert.match(text, new RegExp(`^ +LOAD +0x\\w+ ${load}`, 'm'));
    assert.match(text, /^ +NOTE /m);
  }
  const raw = unpack(sampleNamed('q72-pmemsave.raw'), scratch.directory)[0]!;
  await exported([raw, '--as', 'elf', '--force', '--arch', 's390x', out], scratch);
  assert.match(readelf(out), /big endian[^]*IBM S\/390/);
});

test('dumps of a PC keep their holes, and hold what pmemsave wrote', { skip }, async () => {
  using scratch = new Scratch();
  const raw = readFileSync(unpack(sampleNamed('q72-pmemsave.raw'), scratch.directory)[0]!);
  for (const name of ['q72-dump-elf', 'q72-dump-kdump-zlib']) {
    const [dump] = unpack(sampleNamed(name), scratch.directory);
    const files = ['raw', 'elf', 'lime'].map((as) => inside(scratch, `${name}.${as}`));
    const ranges = [];
    for (const file of files) {
      const as = path.extname(file).slice(1);
      ranges.push((await exported([dump!, '--as', as, file], scratch))['ranges']);
    }
    assert.deepEqual([ranges[1], ranges[2]], [ranges[0], ranges[0]]);
    const [plain, elf, lime] = files;
    const below = bytesOf(plain!, 0, raw.length);
    for (const { address, bytes } of readLime(lime!)) {
      assert.ok(bytesOf(plain!, address, address + bytes.length).equals(bytes), `at ${address}`);
      if (address >= raw.length) continue;
      const there = raw.subarray(address, address + bytes.length);
      assert.ok(
        bytes.equals(there) && below.subarray(address, address + there.length).equals(there),
      );
    }
    for (const file of [elf!, lime!]) {
      const same = await drover(['diff', dump!, file], scratch);
      assert.equal(same.code, 0, same.stdout + same.stderr);
    }
    assert.ok(diskBytes(plain!) < raw.length * 1.1, 'the PCI hole takes no room');
  }
});

test('memory that the source lacks has no segment, and the exit code is 2', async () => {
  using scratch = new Scratch();
  const page = Buffer.alloc(pageBytes, 7);
  const dump = inside(scratch, 'dump');
  // Page 4 is no memory, 2 and 3 are memory that makedumpfile left out.
  writeFileSync(dump, kdump(8, page, [0, 1, 5], [2, 3]));
  const ranges = [
    { start: 0, end: 2 * pageBytes },
    { start: 5 * pageBytes, end: 6 * pageBytes },
  ];
  for (const as of ['raw', 'elf', 'lime']) {
    const out = inside(scratch, as);
    const found = await exported([dump, '--as', as, out], scratch, 2);
    assert.deepEqual(
      [found['ranges'], found['absentBytes'], found['memoryBytes']],
      [ranges, 2 * pageBytes, 3 * pageBytes],
    );
    const text = await drover(['export', dump, '--as', as, '--force', out], scratch);
    assert.match(text.stdout, /absent: the source lacks 8,192 bytes of memory/);
  }
  assert.deepEqual(
    readLime(inside(scratch, 'lime')).map(({ address, bytes }) => [address, bytes.length]),
    [
      [0, 2 * pageBytes],
      [5 * pageBytes, pageBytes],
    ],
  );
  using elf = await openImage([inside(scratch, 'elf')], {});
  assert.equal((await elf.statistics(0, false)).stored, 3);
  assert.equal(diskBytes(inside(scratch, 'raw')), 3 * pageBytes);
});

test(
  'blocks without content or address are left out, and --place brings one in',
  { skip },
  async () => {
    using scratch = new Scratch();
    const shared = unpackCase('mapped-ram-ignore-shared.mig', scratch.directory);
    const out = inside(scratch, 'out');
    const none = await drover(['export', shared, '--as', 'lime', out], scratch);
    assert.equal(none.code, 2, none.stdout);
    assert.match(none.stderr, /holds no memory with a known guest address/);
    const bios = await exported(
      [shared, '--as', 'lime', '--place', 'pc.bios=0xfffc0000', out],
      scratch,
      2,
    );
    assert.equal(readLime(out)[0]?.address, 0xfffc0000);
    const whys = asArray(bios['leftOut']).map(asObject);
    assert.equal(whys.find(({ block }) => block === 'm0')?.['why'], 'content-elsewhere');

    const numa = unpackCase('numa.mig', scratch.directory);
    const part = ['--place', 'ram-node0=4G+4M', '--place', 'ram-node1=8G'];
    const placed = await exported([numa, '--as', 'lime', '--force', ...part, out], scratch, 2);
    assert.deepEqual(
      readLime(out).map(({ address, bytes }) => [address, bytes.length]),
      [
        [4 * 1024 ** 3, 4 * 1024 ** 2],
        [8 * 1024 ** 3, 8 * 1024 ** 2],
      ],
    );
    const [first] = asArray(placed['leftOut']).map(asObject);
    assert.deepEqual(first, { block: 'ram-node0', bytes: 4 * 1024 ** 2, why: 'address-unknown' });
  },
);

test(
  'a damaged stream is exported with --salvage only, and the exit code is 1',
  { skip },
  async () => {
    using scratch = new Scratch();
    const stream = unpack(sampleNamed('q72-exec-plain'), scratch.directory)[0]!;
    truncateSync(stream, readFileSync(stream).length >> 1);
    const out = inside(scratch, 'out');
    const refused = await drover(['export', stream, '--as', 'elf', out], scratch);
    assert.equal(refused.code, 1, refused.stderr);
    assert.deepEqual(readdirSync(scratch.directory), [path.basename(stream)], 'nothing is written');
    const found = await exported([stream, '--salvage', '--as', 'elf', out], scratch, 1);
    assert.ok(Number(found['absentBytes']) > 0);
  },
);
