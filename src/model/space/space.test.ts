/** A space against its slow twin, which lists all rows; what is chosen of it, and what shrinks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { setsOf } from '../covering.js';
import { drawing } from '../seeded.js';
import { SetCoverage, coverRest, coverSpace, drawnRow } from './cover-space.js';
import { shrink } from './shrink.js';
import { Space, open } from './space.js';
import type { Choice, Factor, Row } from './space.js';

const spaces: fc.Arbitrary<Space> = fc
  .array(fc.integer({ min: 1, max: 3 }), { minLength: 2, maxLength: 5 })
  .chain((sizes) => {
    const factors = sizes.map((size, index): Factor => ({
      name: `f${index}`,
      values: Array.from({ length: size }, (_, value) => `${index}-${value}`),
    }));
    const choice: fc.Arbitrary<Choice> = fc
      .constantFrom(...factors)
      .chain(({ name, values }) =>
        fc.constantFrom(...values).map((value) => ({ factor: name, value })),
      );
    const nogood = fc.uniqueArray(choice, {
      minLength: 1,
      maxLength: 3,
      selector: ({ factor }) => factor,
    });
    return fc.array(nogood, { maxLength: 8 }).map((nogoods) => new Space(factors, nogoods));
  });

/** All whole rows without a forbidden set. */
function rowsOf({ factors, nogoods }: Space): Row[] {
  let rows: number[][] = [[]];
  for (const { values } of factors) {
    rows = rows.flatMap((row) => [...values.keys()].map((value) => [...row, value]));
  }
  return rows.filter(
    (row) =>
      !nogoods.some((nogood) =>
        nogood.every(({ factor, value }) =>
          factors.some(
            ({ name, values }, place) => name === factor && values[row[place] ?? open] === value,
          ),
        ),
      ),
  );
}

/** The sets of a row, of factors that have a choice. */
const keys = ({ factors }: Space, row: Row, strength: number): string[] =>
  setsOf(
    row.flatMap((value, place) =>
      (factors[place]?.values.length ?? 0) > 1 ? [`${place}:${value}`] : [],
    ),
    strength,
  );

test('a partial row is completed if a row has its values, and only then', () => {
  fc.assert(
    fc.property(spaces, fc.array(fc.nat(3), { minLength: 5, maxLength: 5 }), (space, drawn) => {
      const partial = space.factors.map(({ values }, place) =>
        (drawn[place] ?? 0) < values.length ? (drawn[place] ?? 0) : open,
      );
      const having = rowsOf(space).filter((row) =>
        partial.every((value, place) => value === open || row[place] === value),
      );
      const found = space.complete(partial);
      if (found === undefined) assert.deepEqual(having, []);
      else
        assert.ok(
          having.some((row) => row.join() === found.join()),
          found.join(),
        );
    }),
  );
});

test('every set of values of any row is in a row that is chosen, and no forbidden one is', () => {
  fc.assert(
    fc.property(spaces, fc.integer({ min: 1, max: 3 }), fc.nat(1000), (space, strength, seed) => {
      const all = rowsOf(space);
      const chosen = coverSpace(space, strength, drawing(seed, 'test'));
      const wanted = new Set(all.flatMap((row) => keys(space, row, strength)));
      const covered = new Set(chosen.flatMap((row) => keys(space, row, strength)));
      assert.deepEqual([...covered].sort(), [...wanted].sort());
      const known = new Set(all.map((row) => row.join()));
      assert.ok(chosen.every((row) => known.has(row.join())));
      assert.equal(new SetCoverage(space, strength).total, wanted.size);
    }),
  );
});

test('what is covered already is not chosen again, also by rows that are not whole', () => {
  fc.assert(
    fc.property(spaces, fc.nat(1000), (space, seed) => {
      const [first, second] = rowsOf(space);
      if (first === undefined) return;
      const coverage = new SetCoverage(space, 2);
      coverage.add(first);
      const part = (second ?? first).map((value, place) => (place === 0 ? open : value));
      coverage.add(part);
      const before = coverage.covered;
      const rows = coverRest(coverage, drawing(seed, 'rest'));
      assert.equal(coverage.covered, coverage.total);
      assert.ok(rows.length <= coverage.total - before, 'each adds at least one');
    }),
  );
});

test('the same seed chooses the same; pairs of ten factors with two values take few rows', () => {
  const factors = Array.from({ length: 10 }, (_, i): Factor => ({
    name: `f${i}`,
    values: ['no', 'yes'],
  }));
  const space = new Space(factors, [
    [
      { factor: 'f0', value: 'yes' },
      { factor: 'f1', value: 'yes' },
    ],
  ]);
  const of = (seed: number): Row[] => coverSpace(space, 2, drawing(seed, 'test'));
  assert.deepEqual(of(1), of(1));
  assert.notDeepEqual(of(1), of(2));
  assert.ok(of(1).length <= 11, String(of(1).length));
});

test('a drawn row is one of the space, and every row is drawn at some time', () => {
  const space = new Space(
    [
      { name: 'a', values: ['x', 'y', 'z'] },
      { name: 'b', values: ['x', 'y'] },
    ],
    [
      [
        { factor: 'a', value: 'z' },
        { factor: 'b', value: 'x' },
      ],
    ],
  );
  const drawn = Array.from({ length: 100 }, (_, i) => drawnRow(space, drawing(i, 'row'))?.join());
  assert.deepEqual(new Set(drawn), new Set(rowsOf(space).map((row) => row.join())));
  assert.equal(
    drawnRow(
      new Space([{ name: 'a', values: ['x'] }], [[{ factor: 'a', value: 'x' }]]),
      drawing(1, ''),
    ),
    undefined,
  );
});

const items = fc.uniqueArray(fc.nat(30), { minLength: 1, maxLength: 12 });

test('what is left when a set shrinks has the property, and no part of it does that lacks one or two', async () => {
  await fc.assert(
    fc.asyncProperty(items, fc.func(fc.integer({ min: 0, max: 3 })), async (all, hash) => {
      // any property that all have; not one that grows with the set
      const holds = (set: readonly number[]): boolean =>
        set.length === all.length || hash(set.join()) === 0;
      const { items: left, isSmallest } = await shrink({ items: all, holds, mayAsk: () => true });
      assert.ok(isSmallest && holds(left));
      for (const first of left) {
        for (const second of left) {
          const rest = left.filter((item) => item !== first && item !== second);
          assert.ok(!holds(rest), `${left.join()} is not the smallest: ${rest.join()}`);
        }
      }
    }),
  );
});

test('a shrink that may ask no more says that it is not done, and keeps what it knows', async () => {
  let asked = 0;
  const all = [1, 2, 3, 4, 5, 6, 7, 8];
  const holds = (set: readonly number[]): boolean => (asked++, set.includes(7));
  const some = await shrink({ items: all, holds, mayAsk: () => asked < 2 });
  assert.equal(some.isSmallest, false);
  assert.ok(some.items.includes(7));
  assert.equal(some.tries, 2);
  const whole = await shrink({ items: all, holds, mayAsk: () => true });
  assert.deepEqual(whole.items, [7]);
});
