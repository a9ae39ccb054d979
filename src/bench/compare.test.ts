import assert from 'node:assert/strict';
import { test } from 'node:test';
import { madeSamples } from './bench.fixtures.js';
import { compareGroups, comparePairs } from './compare.js';
import type { Comparison, Sample } from './document.js';
import { answer } from './verdict.js';

const total = (comparisons: readonly Comparison[] | undefined): Comparison => {
  const found = comparisons?.find(({ figure }) => figure === 'totalMs');
  return found ?? assert.fail('there is no comparison of the total time');
};

test('of 200 comparisons of equal sides the interval covers no change in 95 %, and hardly any has a verdict', () => {
  const found = Array.from({ length: 200 }, (_, seed) =>
    total(
      comparePairs([madeSamples({ seed: seed + 1, pairs: 12, ratio: 1, noise: 0.05 })], 0.05)[0],
    ),
  );
  const covering = found.filter(({ low = 1, high = -1 }) => low <= 0 && high >= 0).length;
  assert.ok(covering >= 182, `${covering} of 200 cover 0`);
  const changed = found.filter(({ verdict }) => ['slower', 'faster'].includes(verdict)).length;
  assert.ok(changed <= 2, `${changed} of 200 have a verdict`);
});

test('a slow-down of 12 % is found, and its size lies in the interval, in 95 %', () => {
  const found = Array.from({ length: 100 }, (_, seed) =>
    total(
      comparePairs([madeSamples({ seed: seed + 1, pairs: 12, ratio: 1.12, noise: 0.03 })], 0.05)[0],
    ),
  );
  const right = found.filter(({ low = 1, high = 0 }) => low <= 0.12 && high >= 0.12).length;
  assert.ok(right >= 90, `${right} of 100 cover 12 %`);
  const slower = found.filter(({ verdict }) => verdict === 'slower').length;
  assert.ok(slower >= 90, `${slower} of 100 are slower`);
});

test('only pairs count of which both sides were measured', () => {
  const samples = madeSamples({ seed: 3, pairs: 8, ratio: 1, noise: 0.01 });
  const failure = { kind: 'failed', code: 'memory-damaged', message: 'damaged' } as const;
  const withFailure = samples.map((sample, index): Sample => {
    const { label, pair } = sample;
    return index === 5 ? { label, pair, failure } : sample;
  });
  assert.equal(total(comparePairs([withFailure], 0.05)[0]).samples, 7);
  assert.deepEqual(comparePairs([[], samples.filter(({ label }) => label === 'A')], 0.05), [
    [],
    [],
  ]);
});

test('p is adjusted for all comparisons of all scenarios', () => {
  const samples = madeSamples({ seed: 5, pairs: 12, ratio: 1.2, noise: 0.01 });
  const alone = total(comparePairs([samples], 0.05)[0]);
  const among = total(comparePairs([samples, samples, samples], 0.05)[0]);
  assert.ok(Math.abs(among.p / alone.p - 3) < 1e-6, `${alone.p} ${among.p}`);
});

test('two benchmarks are compared without pairs', () => {
  const samples = (seed: number, ratio: number): Sample[] =>
    madeSamples({ seed, pairs: 12, ratio, noise: 0.02 })
      .filter(({ label }) => label === 'B')
      .map((sample) => ({ ...sample, label: 'A' }));
  const [one] = compareGroups([{ before: samples(1, 1), after: samples(2, 1.2) }], 0.05);
  const { verdict, low = NaN, high = NaN } = total(one);
  assert.equal(verdict, 'slower');
  assert.ok(low < 0.2 && high > 0.2, `${low} to ${high}`);
  const [other] = compareGroups([{ before: samples(1, 1.2), after: samples(2, 1) }], 0.05);
  assert.equal(total(other).verdict, 'faster');
});

test('without pairs a value that is not positive does not count', () => {
  const samples = madeSamples({ seed: 1, pairs: 12, ratio: 1, noise: 0.02 });
  const wrong = [0, -5].map((totalMs): Sample => ({ label: 'A', pair: 13, measured: { totalMs } }));
  const of = (before: readonly Sample[]): Comparison =>
    total(compareGroups([{ before, after: samples }], 0.05)[0]);
  assert.deepEqual(of([...samples, ...wrong]), of(samples));
});

const asked = { threshold: 0.05, confidence: 0.95, samples: 12 };

test('a verdict needs the whole interval on one side of the threshold, and a small p', () => {
  const of = (estimate: number, low: number, high: number, p = 0.001): string =>
    answer({ ...asked, shift: { estimate, low, high, p }, p }).verdict;
  assert.equal(of(0.1, 0.06, 0.14), 'slower');
  assert.equal(of(-0.1, -0.14, -0.06), 'faster');
  assert.equal(of(0.01, -0.02, 0.03, 0.4), 'same');
  // a change that is certain and too small to matter
  assert.equal(of(0.02, 0.01, 0.03), 'same');
  assert.equal(of(0.06, 0.02, 0.1), 'not-enough-data');
  assert.equal(of(0.1, 0.06, 0.14, 0.2), 'not-enough-data');
});

test('too little data says how many pairs would do', () => {
  const needed = (estimate: number, low: number, high: number): number | undefined =>
    answer({ ...asked, shift: { estimate, low, high, p: 0.5 }, p: 0.5 }).samplesNeeded;
  // an interval twice as wide as it may be takes four times as many pairs
  const limit = Math.log(1.05);
  assert.equal(needed(0, -1.99 * limit, 1.99 * limit), 48);
  assert.equal(needed(limit, 0, 0.2), undefined);
  // the interval is beyond the threshold, and two halves make p small enough
  const shift = { estimate: 0.1, low: 0.06, high: 0.14, p: 0.01 };
  assert.equal(answer({ ...asked, shift, p: 0.19 }).samplesNeeded, 14);
  assert.equal(answer({ ...asked, shift, p: 0.06 }).samplesNeeded, 13);
  assert.equal(
    answer({ ...asked, samples: 2, shift: { estimate: 0, p: 1 }, p: 1 }).samplesNeeded,
    6,
  );
});
