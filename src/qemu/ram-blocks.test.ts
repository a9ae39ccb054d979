import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRamBlocks } from './ram-blocks.js';

const monitor = (...lines: string[]): string => lines.map((line) => `${line}\r\n`).join('');

test("QEMU 7.2 lists a block's offset and length, without its host address", () => {
  const text = monitor(
    '              Block Name    PSize              Offset               Used              Total',
    '                  pc.ram    4 KiB  0x0000000000000000 0x0000000009600000 0x0000000009600000',
    '   0000:00:01.0/vga.vram    4 KiB  0x0000000009680000 0x0000000001000000 0x0000000001000000',
    '    /rom@etc/acpi/tables    4 KiB  0x000000000a740000 0x0000000000020000 0x0000000000200000',
  );
  const hostAddress = undefined;
  assert.deepEqual(readRamBlocks(text), [
    { name: 'pc.ram', offset: 0, usedBytes: 0x9600000, hostAddress },
    { name: '0000:00:01.0/vga.vram', offset: 0x9680000, usedBytes: 0x1000000, hostAddress },
    { name: '/rom@etc/acpi/tables', offset: 0xa740000, usedBytes: 0x20000, hostAddress },
  ]);
});

test('newer QEMUs add the host address and whether the block is writable', () => {
  const text = monitor(
    '              Block Name    PSize              Offset               Used              Total                HVA  RO',
    '                  pc.ram    2 MiB  0x0000000000000000 0x0000001000000000 0x0000001000000000 0x00007fa442800000  rw',
    '                 pc.bios    4 KiB  0x0000001000000000 0x0000000000040000 0x0000000000040000 0x00007fa44e600000  ro',
  );
  assert.deepEqual(readRamBlocks(text), [
    { name: 'pc.ram', offset: 0, usedBytes: 2 ** 36, hostAddress: 0x7fa442800000n },
    { name: 'pc.bios', offset: 2 ** 36, usedBytes: 0x40000, hostAddress: 0x7fa44e600000n },
  ]);
});

test('a name may contain blanks; a block without a name, and any other line, is left out', () => {
  const place = '0x0000000000000000 0x0000000000001000 0x0000000000001000';
  const rows = [`        my block 4    4 KiB  ${place}`, `                    4 KiB  ${place}`];
  const names = (text: string): string[] => readRamBlocks(text).map(({ name }) => name);
  assert.deepEqual(names(monitor(...rows, ...rows.map((row) => `${row} 0x00007fa442800000  rw`))), [
    'my block 4',
    'my block 4',
  ]);
  assert.deepEqual(names(''), []);
  assert.deepEqual(names(monitor("unknown command: 'info ramblock'")), []);
});
