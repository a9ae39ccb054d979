import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limitsFor } from './budget.js';
import { misfit } from './decide.js';

const gib = 2 ** 30;
const host = { cores: 4, availableBytes: 10 * gib, sharedMemoryBytes: gib };
const usual = { attempts: 100, lightestCpu: 1 };

test('by default, a pair for each core and most of the free memory', () => {
  assert.deepEqual(limitsFor(host, usual), {
    slots: 4,
    cpu: 4,
    memoryBytes: 8 * gib,
    sharedMemoryBytes: gib,
  });
});

test('-j says how many at once, and cores no longer matter', () => {
  const limits = limitsFor(host, { ...usual, jobs: 9 });
  assert.equal(limits.slots, 9);
  assert.equal(limits.cpu, undefined);
});

test('--memory-budget overrides what is free', () => {
  assert.equal(limitsFor(host, { ...usual, memoryBytes: 3 }).memoryBytes, 3);
});

test('there are no more places than attempts, and few more for tests without a QEMU than cores', () => {
  assert.equal(limitsFor(host, { ...usual, attempts: 2 }).slots, 2);
  assert.equal(limitsFor(host, { ...usual, lightestCpu: 0.1 }).slots, 8);
  assert.equal(limitsFor(host, { ...usual, lightestCpu: 6 }).slots, 1);
});

test('a test that does not fit even alone is refused, with both figures', () => {
  const limits = limitsFor(host, usual);
  const demand = { cpu: 1, memoryBytes: gib, sharedMemoryBytes: 0, exclusive: [] };
  assert.equal(misfit(demand, limits), undefined);
  assert.equal(
    misfit({ ...demand, memoryBytes: 9 * gib }, limits),
    'needs 9216 MiB of memory, and 8192 MiB may be used',
  );
  assert.equal(
    misfit({ ...demand, sharedMemoryBytes: 2 * gib }, limits),
    'needs 2048 MiB of /dev/shm, and 1024 MiB may be used',
  );
});
