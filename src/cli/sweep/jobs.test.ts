import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jobsFor } from './jobs.js';

const GiB = 2 ** 30;
const host = (cores: number, gibibytes: number) => ({
  ...{ cores, availableBytes: gibibytes * GiB, sharedMemoryBytes: GiB },
});

const work = (wanted: number | undefined, items: number) => ({
  ...{ wanted, items, ramBytes: 32 * 2 ** 20 },
});

test('one pair for each core, or as many as were asked for, and no more than there is to check', () => {
  assert.deepEqual(jobsFor(host(4, 16), work(undefined, 99)), { jobs: 4 });
  assert.deepEqual(jobsFor(host(4, 16), work(12, 99)), { jobs: 12 });
  assert.deepEqual(jobsFor(host(4, 16), work(12, 3)), { jobs: 3 });
});

test('no more pairs than memory has room for, but one', () => {
  assert.deepEqual(jobsFor(host(64, 4), work(undefined, 99)), { jobs: 7, roomFor: 7 });
  assert.deepEqual(jobsFor(host(2, 4), work(256, 999)), { jobs: 7, roomFor: 7 });
  assert.deepEqual(jobsFor(host(8, 0.1), work(8, 99)), { jobs: 1, roomFor: 1 });
});
