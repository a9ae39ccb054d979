/**
 * The tests of each shard. Pure, and the same on every machine with the same list and the same
 * timings.
 *
 * With recorded durations: the longest test first, each to the shortest shard so far; then single
 * tests move, or two tests swap, between the longest shard and another one, as long as that makes
 * the longest shard shorter. Without durations: equal counts of tests, in the order of a hash of
 * their names. The hash spreads the families, and a new test moves few others to another shard.
 */
import { createHash } from 'node:crypto';
import { expectations } from './timings.js';
import type { Timings, Unseen } from './timings.js';

export interface ShardPlan {
  readonly by: 'durations' | 'count';
  /** names, in the order given */
  readonly shards: readonly (readonly string[])[];
}

interface Weighted {
  readonly test: string;
  readonly ms: number;
}

/** @param total at least 1 */
export function planShards(tests: readonly Unseen[], total: number, timings: Timings): ShardPlan {
  const recorded = tests.some(({ test }) => timings.tests[test] !== undefined);
  const bins = recorded ? byDuration(tests, total, timings) : byCount(tests, total);
  return {
    by: recorded ? 'durations' : 'count',
    shards: bins.map((bin) => {
      const names = new Set(bin);
      return tests.flatMap(({ test }) => (names.has(test) ? [test] : []));
    }),
  };
}

function byCount(tests: readonly Unseen[], total: number): string[][] {
  const order = tests
    .map(({ test }) => ({ test, hash: createHash('sha256').update(test).digest('hex') }))
    .sort((a, b) => (a.hash < b.hash ? -1 : 1));
  const start = (index: number): number => Math.floor((index * order.length) / total);
  return Array.from({ length: total }, (_, index) =>
    order.slice(start(index), start(index + 1)).map(({ test }) => test),
  );
}

class Bin {
  readonly tests: Weighted[] = [];
  ms = 0;

  add(test: Weighted): void {
    this.tests.push(test);
    this.ms += test.ms;
  }

  remove(test: Weighted): void {
    this.tests.splice(this.tests.indexOf(test), 1);
    this.ms -= test.ms;
  }
}

function byDuration(tests: readonly Unseen[], total: number, timings: Timings): string[][] {
  const expected = expectations(timings);
  const weighted = tests
    .map((each) => ({ test: each.test, ms: expected(each) }))
    .sort((a, b) => b.ms - a.ms || (a.test < b.test ? -1 : 1));
  const bins = Array.from({ length: total }, () => new Bin());
  for (const test of weighted) least(bins).add(test);
  while (improve(bins)) continue;
  return bins.map((bin) => bin.tests.map(({ test }) => test));
}

function least(bins: readonly Bin[]): Bin {
  return bins.reduce((best, bin) =>
    bin.ms < best.ms || (bin.ms === best.ms && bin.tests.length < best.tests.length) ? bin : best,
  );
}

/** Makes the longest shard shorter by one move or exchange; false if none does. */
function improve(bins: readonly Bin[]): boolean {
  const full = bins.reduce((worst, bin) => (bin.ms > worst.ms ? bin : worst));
  for (const other of bins) {
    const gap = full.ms - other.ms;
    // Less than a millisecond is no gain, and with fractions the loop might not end.
    if (other === full || gap < 2) continue;
    for (const mine of full.tests) {
      const pairs = [{ theirs: undefined }, ...other.tests.map((theirs) => ({ theirs }))];
      const pair = pairs.find(({ theirs }) => {
        const moved = mine.ms - (theirs?.ms ?? 0);
        return moved >= 1 && moved <= gap - 1;
      });
      if (pair === undefined) continue;
      full.remove(mine);
      other.add(mine);
      if (pair.theirs !== undefined) {
        other.remove(pair.theirs);
        full.add(pair.theirs);
      }
      return true;
    }
  }
  return false;
}

/** SHA-256 of the sorted names: tells whether two runs had the same list of tests. */
export function testListDigest(tests: readonly string[]): string {
  return createHash('sha256')
    .update([...tests].sort().join('\n'))
    .digest('hex');
}
