import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readQemuWords } from './foreign-command-line.js';

const MiB = 1024 ** 2;
const read = (line: string): ReturnType<typeof readQemuWords> => readQemuWords(line.split(' '));

test('machine, architecture and memory are read from the command line', () => {
  const cases: readonly (readonly [string, string | undefined, number])[] = [
    ['qemu-system-x86_64', undefined, 128 * MiB],
    ['/usr/bin/qemu-system-x86_64 -m 150 -M q35', 'q35', 150 * MiB],
    ['qemu-system-x86_64 -m 4G -machine pc,accel=kvm', 'pc', 4096 * MiB],
    [
      'qemu-system-x86_64 --machine type=pc-q35-7.2 -m size=2048k,slots=2,maxmem=8G',
      'pc-q35-7.2',
      2 * MiB,
    ],
    [
      'ld.so --library-path /x /y/qemu-system-x86_64 -machine q35 -machine usb=off',
      'q35',
      128 * MiB,
    ],
    [
      'qemu-system-x86_64 -machine q35 -machine memory-backend=mem -object memory-backend-memfd,id=mem,size=157286400,share=on',
      'q35',
      150 * MiB,
    ],
    [
      'qemu-system-x86_64 -object memory-backend-file,id=other,size=1G -machine memory-backend=mem,type=pc -object memory-backend-ram,id=mem,size=64M',
      'pc',
      64 * MiB,
    ],
  ];
  for (const [line, machine, ramBytes] of cases) {
    const words = read(line);
    assert.deepEqual(
      [words?.arch, words?.machine, words?.ramBytes],
      ['x86_64', machine, ramBytes],
      line,
    );
  }
  assert.equal(read('/opt/qemu-system-aarch64 -M virt')?.arch, 'aarch64');
});

test('other programs are not taken for a QEMU', () => {
  for (const line of [
    '',
    'node main.js',
    'qemu-img convert',
    'vim /x/qemu-system-x86_64.c',
    'qemu-x86_64 a.out',
  ]) {
    assert.equal(read(line), undefined, line);
  }
});
