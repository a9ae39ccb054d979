/** A covering choice leaves out no set of values, and no larger choice than needed is its excuse. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cover, setsOf } from './covering.js';
import type { Row } from './covering.js';
import { drawing, shuffled } from './seeded.js';

const byValue = (a: number, b: number): number => a - b;

const rows: fc.Arbitrary<Row[]> = fc
  .integer({ min: 1, max: 5 })
  .chain((length) =>
    fc.array(
      fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: length, maxLength: length }),
      { minLength: 1, maxLength: 60 },
    ),
  );

test('every set of values of any row is in a row that is chosen, and only rows are', () => {
  fc.assert(
    fc.property(rows, fc.integer({ min: 1, max: 3 }), fc.nat(1000), (all, strength, seed) => {
      const chosen = cover(all, strength, drawing(seed, 'test'));
      const covered = new Set(chosen.flatMap((row) => setsOf(row, strength)));
      assert.deepEqual(
        all.flatMap((row) => setsOf(row, strength)).filter((set) => !covered.has(set)),
        [],
      );
      assert.ok(chosen.every((row) => all.includes(row)));
      assert.ok(chosen.length <= new Set(all.map((row) => row.join())).size);
    }),
  );
});

test('the same seed chooses the same, another seed something else', () => {
  const all = ['a', 'b', 'c', 'd'].flatMap((x) =>
    ['a', 'b', 'c', 'd'].flatMap((y) => ['a', 'b', 'c', 'd'].map((z) => [x, y, z])),
  );
  const of = (seed: number): Row[] => cover(all, 2, drawing(seed, 'test'));
  assert.deepEqual(of(1), of(1));
  assert.notDeepEqual(of(1), of(2));
  // 16 are the least: there are 16 pairs of the first two
  assert.ok(of(1).length >= 16 && of(1).length <= 24, String(of(1).length));
});

test('a draw is within its limit, and a shuffle keeps what is there', () => {
  const draw = drawing(3, 'test');
  const numbers = Array.from({ length: 200 }, () => draw.below(7));
  assert.deepEqual([...new Set(numbers)].sort(byValue), [0, 1, 2, 3, 4, 5, 6]);
  assert.deepEqual(shuffled([1, 2, 3, 4, 5], draw).sort(byValue), [1, 2, 3, 4, 5]);
  assert.throws(() => draw.of([]), RangeError);
});
