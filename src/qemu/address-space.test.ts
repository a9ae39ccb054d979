import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRamPlaces } from './address-space.js';

const io = `FlatView #0
 AS "I/O", root: io
 Root memory region: io
  0000000000000000-000000000000ffff (prio 0, ram): not-memory

`;

const memory = `FlatView #1
 AS "memory", root: system
 AS "cpu-memory-0", root: system
 Root memory region: system
  0000000000000000-000000000009ffff (prio 0, ram): pc.ram
  00000000000a0000-00000000000bffff (prio 1, i/o): vga-lowmem
  00000000000c0000-00000000000dffff (prio 1, ram): pc.ram @00000000000c0000 KVM
  00000000000e0000-00000000000fffff (prio 1, ram): pc.ram @00000000000e0000
  0000000100000000-000000017fffffff (prio 0, ram): pc.ram @0000000080000000
  00000000fffc0000-00000000ffffffff (prio 0, romd): pc.bios
  fffffffffff00000-ffffffffffffffff (prio 0, ram): far.away

`;

test('RAM of the address space of the processors, what is in one piece as one', () => {
  const block = 'pc.ram';
  assert.deepEqual(readRamPlaces(io + memory), [
    { block, address: 0, size: 0xa0000, offset: 0 },
    { block, address: 0xc0000, size: 0x40000, offset: 0xc0000 },
    { block, address: 0x100000000, size: 0x80000000, offset: 0x80000000 },
  ]);
});

test('lines may end in CR LF, and a monitor that shows nothing has no RAM', () => {
  assert.equal(readRamPlaces((io + memory).replaceAll('\n', '\r\n')).length, 3);
  assert.deepEqual(readRamPlaces(io), []);
  assert.deepEqual(readRamPlaces(''), []);
});
