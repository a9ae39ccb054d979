import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { findRam, readMaps } from './process-maps.js';

const MiB = 1024 ** 2;
const anonymous = '7f0000000000-7f0009600000 rw-p 00000000 00:00 0 ';
const guard = '7f0009600000-7f0009601000 ---p 00000000 00:00 0 ';
const memfd =
  '7f1000000000-7f1009600000 rw-s 00200000 00:01 77  /memfd:memory-backend-memfd (deleted)';
const heap = '555500000000-555509600000 rw-p 00000000 00:00 0  [heap]';
const code = '555400000000-555401000000 r-xp 00000000 fd:01 99 /usr/bin/qemu-system-x86_64';

test('mappings are read as the kernel writes them', () => {
  const maps = readMaps([anonymous, guard, memfd, code, ''].join('\n'));
  assert.equal(maps.length, 4);
  assert.deepEqual(maps[2], {
    ...{ start: 0x7f1000000000n, sizeBytes: 150 * MiB, readable: true, writable: true },
    ...{ shared: true, offset: 0x200000, device: '00:01', inode: 77 },
    path: '/memfd:memory-backend-memfd (deleted)',
  });
  const own = readMaps(readFileSync('/proc/self/maps', 'utf8'));
  assert.ok(own.some(({ path }) => path === '[stack]'));
});

test('a shared backend is preferred, the heap is never the guest', () => {
  const find = (...lines: string[]): unknown => findRam(readMaps(lines.join('\n')), 150 * MiB);
  assert.equal((find(anonymous, memfd, code) as { inode: number }).inode, 77);
  assert.equal((find(anonymous, heap, code) as { start: bigint }).start, 0x7f0000000000n);
});

test('if it is not clear which memory belongs to the guest, the error says so', () => {
  const problem = (...lines: string[]): string => {
    const found = findRam(readMaps(lines.join('\n')), 150 * MiB);
    return 'problem' in found ? found.problem : '';
  };
  assert.match(problem(code, heap), /no mapping has the size of its memory, 157286400 bytes/);
  const other = anonymous.replaceAll('7f000', '7f200');
  assert.match(problem(anonymous, other), /2 mappings have the size/);
});
