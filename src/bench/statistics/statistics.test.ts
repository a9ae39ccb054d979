import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { combinations, median, sum } from 'simple-statistics';
import { coinSums, doubledRanks, drawSums, tailLength, twoSided } from './exact.js';
import { holm, medianInterval } from './many.js';
import { fewestPairs, pairedShift } from './paired.js';
import { unpairedShift } from './unpaired.js';

const near = (actual: number | undefined, expected: number, within = 1e-9): void => {
  assert.ok(Math.abs((actual ?? NaN) - expected) <= within, `${actual} is not ${expected}`);
};
const upTo = (n: number): number[] => Array.from({ length: n }, (_, index) => index + 1);

test("the critical values of Wilcoxon's signed ranks are those of the tables, 5 % on two sides", () => {
  const table = { 5: -1, 6: 0, 7: 2, 8: 3, 9: 5, 10: 8, 12: 13, 15: 25, 20: 52 };
  for (const [pairs, critical] of Object.entries(table)) {
    assert.equal(tailLength(coinSums(upTo(Number(pairs))), 0.025) - 1, critical, pairs);
  }
});

test('the critical values of Mann and Whitney are those of the tables, 5 % on two sides', () => {
  for (const [n, critical] of Object.entries({ 3: -1, 4: 0, 5: 2, 6: 5, 8: 13, 10: 23, 12: 37 })) {
    const count = Number(n);
    const sums = drawSums(upTo(2 * count), count).slice((count * (count + 1)) / 2);
    assert.equal(tailLength(sums, 0.025) - 1, critical, n);
  }
});

test('the depression data of Hollander and Wolfe give what R gives', () => {
  const before = [1.83, 0.5, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.3];
  const after = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29];
  const { estimate, low, high, p } = pairedShift(
    before.map((value, index) => value - (after[index] ?? 0)),
    0.95,
  );
  near(p, 0.0390625);
  near(estimate, 0.46, 0.001);
  near(low, 0.01, 0.001);
  near(high, 0.786, 0.001);
});

test('the permeability data of Hollander and Wolfe give what R gives', () => {
  const term = [0.8, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
  const early = [1.15, 0.88, 0.9, 0.74, 1.21];
  const { estimate, low, high, p } = unpairedShift(early, term, 0.95);
  near(p, 0.2544, 0.0001);
  near(estimate, 0.305, 0.001);
  near(low, -0.15, 0.001);
  near(high, 0.76, 0.001);
});

// whole numbers, so that there are ties and zeros
const small = fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 1, maxLength: 9 });

test('the sign-flip test is the share of all choices of signs that are at least as far out', () => {
  fc.assert(
    fc.property(small, (differences) => {
      const signed = differences.filter((each) => each !== 0);
      const ranks = doubledRanks(signed.map(Math.abs));
      const far = (signs: readonly boolean[]): number =>
        Math.abs(sum(ranks.map((rank, index) => (signs[index] === true ? rank : -rank))));
      const seen = far(signed.map((each) => each > 0));
      const all = Array.from({ length: 2 ** signed.length }, (_, bits) =>
        signed.map((_each, index) => (bits & (1 << index)) !== 0),
      );
      const share = all.filter((signs) => far(signs) >= seen).length / all.length;
      near(pairedShift(differences, 0.95).p, share);
    }),
  );
});

test('the test of Mann and Whitney is the share of all choices of the group', () => {
  const group = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(group, group, (from, to) => {
      const ranks = doubledRanks([...from, ...to]);
      const middle = to.length * (ranks.length + 1);
      const seen = Math.abs(sum(ranks.slice(from.length)) - middle);
      const all = combinations(ranks, to.length);
      const share = all.filter((chosen) => Math.abs(sum(chosen) - middle) >= seen).length;
      near(unpairedShift(from, to, 0.95).p, share / all.length);
    }),
  );
});

const spread = fc.uniqueArray(fc.integer({ min: -1000, max: 1000 }), {
  minLength: 6,
  maxLength: 14,
});

test('the interval of pairs ends where the test begins to reject', () => {
  fc.assert(
    fc.property(spread, (differences) => {
      const { estimate, low = NaN, high = NaN } = pairedShift(differences, 0.95);
      assert.ok(low <= estimate && estimate <= high);
      const rejects = (shift: number): boolean =>
        pairedShift(
          differences.map((each) => each - shift),
          0.95,
        ).p <= 0.05;
      // means of two whole numbers are at least half apart
      assert.ok(rejects(low - 0.2) && rejects(high + 0.2));
      assert.ok(low === high || (!rejects(low + 0.2) && !rejects(high - 0.2)));
    }),
  );
});

test('a shift of all values shifts estimate and interval by as much', () => {
  fc.assert(
    fc.property(spread, spread, fc.integer({ min: -50, max: 50 }), (from, to, by) => {
      const moved = (values: readonly number[]): number[] => values.map((each) => each + by);
      for (const [before, after] of [
        [pairedShift(to, 0.95), pairedShift(moved(to), 0.95)],
        [unpairedShift(from, to, 0.95), unpairedShift(from, moved(to), 0.95)],
      ] as const) {
        near(after.estimate, before.estimate + by, 1e-6);
        near(after.low, (before.low ?? NaN) + by, 1e-6);
        near(after.high, (before.high ?? NaN) + by, 1e-6);
      }
    }),
  );
});

test('many samples take the normal distribution, which is close to the exact one', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 62, maxLength: 62 }),
      (values) => {
        const from = values.slice(0, 31);
        const to = values.slice(31).map((each) => each + 0.1);
        const ranks = doubledRanks([...from, ...to]);
        const exact = twoSided(drawSums(ranks, 31), 31 * 63, sum(ranks.slice(31)));
        near(unpairedShift(from, to, 0.95).p, exact, 0.01);
      },
    ),
    { numRuns: 10 },
  );
});

test("Holm's method gives what R gives", () => {
  const adjusted = holm([0.03, 0.01, 0.05, 0.02, 0.04]);
  [0.09, 0.05, 0.09, 0.08, 0.09].forEach((expected, index) => {
    near(adjusted[index], expected);
  });
  assert.deepEqual(holm([]), []);
});

test('the interval of a median is from the sign test; too few values have none', () => {
  assert.deepEqual(medianInterval([5, 1, 4, 2, 3], 0.95), { median: 3 });
  assert.deepEqual(medianInterval([6, 5, 1, 4, 2, 3], 0.95), { median: 3.5, low: 1, high: 6 });
  const { low, high } = medianInterval(upTo(12), 0.95);
  assert.deepEqual([low, high], [3, 10]);
  assert.equal(median(upTo(12)), 6.5);
});

test('six pairs are the fewest for 95 %, and they are enough', () => {
  assert.equal(fewestPairs(0.95), 6);
  assert.equal(pairedShift([1, 2, 3, 4, 5], 0.95).low, undefined);
  near(pairedShift([1, 2, 3, 4, 5, 6], 0.95).p, 1 / 32);
  assert.equal(pairedShift([0, 0], 0.95).p, 1);
});
