import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hugePageObstacle } from './huge-pages.js';

const meminfo = (free: number, reserved = 0): string =>
  `MemTotal: 1 kB\nHugePages_Total:   200\nHugePages_Free:  ${free}\nHugePages_Rsvd: ${reserved}\nHugepagesize:       2048 kB\n`;
const bytes = 300 * 1024 * 1024;

test('as many huge pages must be free as both guests take, reserved ones not counted', () => {
  assert.equal(hugePageObstacle(meminfo(150), bytes), undefined);
  assert.equal(
    hugePageObstacle(meminfo(150, 1), bytes),
    '150 free huge pages of 2048 KiB are needed, and there are 149 (vm.nr_hugepages)',
  );
  assert.match(hugePageObstacle('MemTotal: 1 kB\n', bytes) ?? '', /no huge pages/);
});
