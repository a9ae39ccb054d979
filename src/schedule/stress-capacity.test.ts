import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requireRoom } from './stress-capacity.js';
import type { StressDemand, StressHost } from './stress-capacity.js';

const GiB = 1024 ** 3;
const host: StressHost = {
  availableBytes: 24 * GiB,
  sharedBytes: 12 * GiB,
  diskBytes: 20 * GiB,
  hugePageObstacle: () => '8 free huge pages are needed, and there are 0',
};
const demand: StressDemand = { ramBytes: 8 * GiB, memory: 'memfd', throughFile: false };

test('two guests that fit are let through', () => {
  requireRoom(demand, host);
  requireRoom({ ...demand, throughFile: true }, host);
});

test('a guest that does not fit is refused, with what is missing and what would fit', () => {
  const refusal = (change: Partial<StressDemand>): string => {
    try {
      requireRoom({ ...demand, ...change }, host);
    } catch (error) {
      assert.ok(error instanceof Error);
      return error.message;
    }
    return assert.fail('let through');
  };
  assert.match(
    refusal({ ramBytes: 16 * GiB }),
    /need 32\.6 GiB of memory, and 23\.5 GiB .*--memory 11732M would fit/,
  );
  assert.match(
    refusal({ memory: 'shmem' }),
    /need 16\.0 GiB in \/dev\/shm, and 12\.0 GiB are free/,
  );
  assert.match(refusal({ memory: 'hugetlb' }), /hugetlb: 8 free huge pages are needed/);
  assert.match(
    refusal({ ramBytes: 11 * GiB, throughFile: true }),
    /may take 22\.0 GiB, and 20\.0 GiB are free on the disk/,
  );
});

test('the size that is said to fit does', () => {
  requireRoom({ ...demand, ramBytes: 11732 * 1024 ** 2 }, host);
  assert.throws(
    () => {
      requireRoom({ ...demand, ramBytes: 11733 * 1024 ** 2 }, host);
    },
    { code: 'no-room' },
  );
});
