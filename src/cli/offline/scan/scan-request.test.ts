import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NativeBlock } from '../../../native/image-addon.js';
import { scanRequest } from './scan-request.js';
import type { ScanInput } from './scan-request.js';

const MiB = 1024 ** 2;

function block(name: string, length: number, address?: number): NativeBlock {
  const places = address === undefined ? [] : [{ address, blockOffset: 0, length }];
  return {
    name,
    length,
    pageBytes: 4096,
    places,
    mainMemory: !/bios|rom|vga/.test(name),
    contentElsewhere: false,
  };
}

const plain: ScanInput = {
  ...{ level: 'byte', ranges: [], writers: 1, block: undefined, pageBytes: undefined },
  ...{ kernel: undefined, threads: 1, map: false, hole: undefined },
};
const machine = [block('pc.bios', 64 * 1024, 0xffff0000), block('pc.ram', 150 * MiB, 0)];

test('without a range it is the one that migration tests use, from where RAM begins', () => {
  const request = scanRequest(plain, { format: 'stream', blocks: machine });
  assert.deepEqual(request.slices, [{ start: 1 * MiB, end: 100 * MiB }]);
  assert.equal(request.block, undefined);
  const arm = [block('mach-virt.ram', 150 * MiB, 0x40000000)];
  assert.deepEqual(scanRequest(plain, { format: 'stream', blocks: arm }).slices, [
    { start: 0x40000000 + 1 * MiB, end: 0x40000000 + 100 * MiB },
  ]);
});

test('raw memory too small for that range is looked at as a whole, other images need a range', () => {
  const small = [block('memory', 8 * MiB, 0)];
  assert.deepEqual(scanRequest(plain, { format: 'raw', blocks: small }).slices, [
    { start: 0, end: 8 * MiB },
  ]);
  assert.throws(
    () => scanRequest(plain, { format: 'stream', blocks: small }),
    /does not fit into RAM: give --range/,
  );
  assert.throws(
    () => scanRequest(plain, { format: 'stream', blocks: [block('x', 8 * MiB)] }),
    /guest addresses of its RAM are unknown/,
  );
});

test('stamps are 4096 bytes apart in a dump that is packed in larger units, too', () => {
  const blocks = [{ ...block('memory', 256 * MiB, 0), pageBytes: 65536 }];
  assert.equal(scanRequest(plain, { format: 'kdump', blocks }).step, 4096);
  assert.equal(scanRequest(plain, { format: 'stream', blocks }).step, 65536);
});

test('a block is looked at as a whole, by offsets, and knows its address', () => {
  const blocks = [...machine, block('dimm', 4 * MiB, 0x100000000)];
  const request = scanRequest({ ...plain, block: 'dimm' }, { format: 'stream', blocks });
  assert.deepEqual(
    [request.block, request.blockAddress, request.slices],
    [2, 0x100000000, [{ start: 0, end: 4 * MiB }]],
  );
  assert.throws(
    () => scanRequest({ ...plain, block: 'nope' }, { format: 'stream', blocks }),
    /the file has no RAM block 'nope'; it has 'pc.bios', 'pc.ram', 'dimm'/,
  );
});

test('writers get slices as guests cut them, or a range each', () => {
  const range = { start: 0x1000, end: 0x9000 };
  const image = { format: 'raw', blocks: machine };
  const cut = (writers: number): unknown =>
    scanRequest({ ...plain, ranges: [range], writers }, image).slices;
  assert.deepEqual(cut(2), [
    { start: 0x1000, end: 0x5000, hole: undefined },
    { start: 0x5000, end: 0x9000, hole: undefined },
  ]);
  assert.deepEqual(cut(3), [
    { start: 0x1000, end: 0x3000, hole: undefined },
    { start: 0x3000, end: 0x5000, hole: undefined },
    { start: 0x5000, end: 0x9000, hole: undefined },
  ]);
  assert.throws(() => cut(9), /8 pages cannot be cut into 9 slices/);
  const both = [range, { start: 0x10000, end: 0x20000 }];
  assert.deepEqual(scanRequest({ ...plain, ranges: both }, image).slices, both);
  assert.throws(
    () => scanRequest({ ...plain, ranges: both, writers: 2 }, image),
    /--writers and --hole need one range/,
  );
});

test('a hole is left out of the slice that reaches across it', () => {
  const image = { format: 'raw', blocks: machine };
  const ranges = [{ start: 0x1000, end: 0x9000 }];
  const cut = (hole: { start: number; end: number }): unknown =>
    scanRequest({ ...plain, ranges, writers: 2, hole }, image).slices;
  assert.deepEqual(cut({ start: 0x4000, end: 0x6000 }), [
    { start: 0x1000, end: 0x4000, hole: undefined },
    { start: 0x6000, end: 0x9000, hole: undefined },
  ]);
  assert.deepEqual(cut({ start: 0x2000, end: 0x3000 }), [
    { start: 0x1000, end: 0x5000, hole: { start: 0x2000, end: 0x3000 } },
    { start: 0x5000, end: 0x9000, hole: undefined },
  ]);
  assert.throws(() => cut({ start: 0x800, end: 0x2000 }), /is not within/);
  assert.throws(() => cut({ start: 0x2800, end: 0x4000 }), /not aligned to pages/);
});

test('ranges consist of whole pages', () => {
  const image = { format: 'raw', blocks: machine };
  const ranges = [{ start: 0x1000, end: 0x1800 }];
  assert.throws(
    () => scanRequest({ ...plain, ranges }, image),
    /not aligned to pages of 4096 bytes/,
  );
  assert.equal(scanRequest({ ...plain, ranges, pageBytes: 2048 }, image).step, 2048);
});
