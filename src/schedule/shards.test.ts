import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import path from 'node:path';
import { packageRoot } from '../model/scratch.fixtures.js';
import { planShards } from './shards.js';
import { readTimings } from './timings-file.js';
import { noTimings, withDurations } from './timings.js';
import type { Timings } from './timings.js';

function timingsOf(ms: readonly number[]): Timings {
  return withDurations(
    noTimings,
    ms.map((each, index) => ({ test: `/x86_64/migration/f/${index}`, ms: each })),
  );
}

const unseen = (timings: Timings) => Object.keys(timings.tests).map((name) => ({ test: name }));

/** of each shard, the sum of what was recorded */
function sums(timings: Timings, total: number): number[] {
  return planShards(unseen(timings), total, timings).shards.map((shard) =>
    shard.reduce((sum, name) => sum + (timings.tests[name]?.ms[0] ?? NaN), 0),
  );
}

const workload = fc.record({
  timings: fc
    .array(fc.integer({ min: 0, max: 60_000 }), { minLength: 1, maxLength: 80 })
    .map(timingsOf),
  total: fc.integer({ min: 1, max: 20 }),
});

test('every test is in exactly one shard, whatever the list and the timings', () => {
  fc.assert(
    fc.property(workload, fc.boolean(), ({ timings, total }, recorded) => {
      const { by, shards } = planShards(unseen(timings), total, recorded ? timings : noTimings);
      assert.equal(by, recorded ? 'durations' : 'count');
      assert.equal(shards.length, total);
      assert.deepEqual(shards.flat().sort(), Object.keys(timings.tests).sort());
    }),
  );
});

test('no shard takes more than a third above the shortest that is possible', () => {
  fc.assert(
    fc.property(workload, ({ timings, total }) => {
      const all = Object.values(timings.tests).map(({ ms: [ms = 0] }) => ms);
      const bound = Math.max(...all, all.reduce((sum, ms) => sum + ms, 0) / total);
      // with exactly one more test than shards, two must share, and no bound of this kind knows it
      const sorted = all.toSorted((x, y) => y - x);
      const pair = (sorted[total - 1] ?? 0) + (sorted[total] ?? 0);
      assert.ok(Math.max(...sums(timings, total)) <= (Math.max(bound, pair) * 4) / 3 + 2);
    }),
  );
});

test('the order in which tests are listed does not matter to which shard they go', () => {
  fc.assert(
    fc.property(workload, ({ timings, total }) => {
      const there = planShards(unseen(timings), total, timings);
      const back = planShards(unseen(timings).reverse(), total, timings);
      assert.deepEqual(
        back.shards.map((shard) => [...shard].sort()),
        there.shards.map((shard) => [...shard].sort()),
      );
    }),
  );
});

test('on timings of the full level, shards are within 5 % of the optimum', () => {
  const file = path.join(packageRoot, 'bench', 'timings-full.json');
  const timings = readTimings(file);
  assert.ok(timings !== undefined, `${file} is there`);
  const all = Object.values(timings.tests).map(({ ms: [ms = 0] }) => ms);
  assert.ok(all.length > 100, 'the whole level');
  for (let total = 1; total <= 16; total++) {
    const bound = Math.max(...all, all.reduce((sum, ms) => sum + ms, 0) / total);
    const longest = Math.max(...sums(timings, total));
    assert.ok(
      longest <= bound * 1.05,
      `${total} shards: ${longest} ms, where ${bound} are possible`,
    );
  }
});

test('without timings shards differ by one test at most, and few tests move when one is added', () => {
  const listed = Array.from({ length: 101 }, (_, index) => ({
    test: `/x86_64/migration/f/${index}`,
  }));
  const { shards } = planShards(listed, 4, noTimings);
  const sizes = shards.map((shard) => shard.length);
  assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1, sizes.join(' '));
  const after = planShards([...listed, { test: '/x86_64/migration/new' }], 4, noTimings);
  const moved = shards.flatMap((shard, index) =>
    shard.filter((name) => after.shards[index]?.includes(name) !== true),
  );
  assert.ok(moved.length <= 4, moved.join(' '));
});

test('more shards than tests: some are empty', () => {
  const { shards } = planShards([{ test: '/a' }], 3, noTimings);
  assert.deepEqual(
    shards.map((shard) => shard.length).sort((a, b) => a - b),
    [0, 0, 1],
  );
});
