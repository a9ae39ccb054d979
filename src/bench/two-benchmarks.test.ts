import assert from 'node:assert/strict';
import { test } from 'node:test';
import { madeDocument, madeSamples } from './bench.fixtures.js';
import type { BenchDocument, Sample, ScenarioResult } from './document.js';
import { resolveScenario } from './scenario.js';
import { compareBenchmarks } from './two-benchmarks.js';

const samples = madeSamples({ seed: 1, pairs: 12, ratio: 1, noise: 0.02 }).filter(
  ({ label }) => label === 'A',
);
const document = madeDocument(samples);
const [first, skipped] = document.scenarios as [ScenarioResult, ScenarioResult];

const withFirst = (changes: Partial<ScenarioResult>): BenchDocument => ({
  ...document,
  scenarios: [{ ...first, ...changes }, skipped],
});
const textOf = (after: BenchDocument): string =>
  compareBenchmarks(document, after, 0.05).lines.join('\n');

test('a benchmark is the same as itself; what both skipped is named and no fault', () => {
  const { lines, isSlower, isComplete } = compareBenchmarks(document, document, 0.05);
  assert.deepEqual([isSlower, isComplete], [false, true]);
  const text = lines.join('\n');
  assert.match(text, /total time .* same/);
  assert.match(text, /^ {2}old: skipped: QEMU 7\.2.*\n {2}new: skipped: QEMU 7\.2/m);
  assert.doesNotMatch(text, /warning|only in|not compared/);
});

test('another machine type, accelerator or host is a warning, and so are the warnings of both', () => {
  const text = textOf({
    ...withFirst({ machine: 'pc-q35-11.0', accel: 'kvm' }),
    warnings: ['the load was 3'],
    hostState: { turbo: true },
  });
  assert.match(text, /^ {2}warning: .*: machine was pc-q35-10\.0, now pc-q35-11\.0$/m);
  assert.match(text, /^ {2}warning: .*: accel was tcg, now kvm$/m);
  assert.match(text, /^warning: new: the load was 3$/m);
  assert.match(text, /: turbo was not reported, now true$/m);
});

test('failures, raised limits and missing samples of each file are named', () => {
  const failure = { kind: 'failed', code: 'memory-damaged', message: 'damaged' } as const;
  const own = samples.map((sample, index): Sample => {
    const { label, pair, measured } = sample;
    if (index === 4) return { label, pair, failure };
    return index === 5 ? { label, pair, measured: { ...measured, isForced: true } } : sample;
  });
  const text = textOf(withFirst({ samples: own, isPartial: true }));
  assert.match(text, /^ {2}partial: new has 11 of 12 samples$/m);
  assert.match(text, /^ {2}new: 1 of 11 migrations did not converge in time/m);
  assert.match(text, /^ {2}new: pair 5 failed: damaged \(memory-damaged\)$/m);
});

test('a scenario that both have and that has no samples in one is not complete', () => {
  const after = withFirst({ samples: [], isPartial: true });
  const { isComplete, lines } = compareBenchmarks(document, after, 0.05);
  assert.equal(isComplete, false);
  assert.match(lines.join('\n'), /not compared: old or new has no sample of it/);
  const nothing: BenchDocument = { ...document, scenarios: [skipped] };
  assert.equal(compareBenchmarks(nothing, nothing, 0.05).isComplete, false);
});

test('scenarios of one file only are named; two files without a common one are refused', () => {
  const other = resolveScenario({ migration: { transport: 'tcp' } }, '');
  const after: BenchDocument = {
    ...document,
    scenarios: [first, { ...skipped, scenario: other }],
  };
  assert.match(textOf(after), /^only in old: mapped-ram\nonly in new: tcp$/m);
  assert.throws(() => textOf({ ...document, scenarios: [] }), { code: 'nothing-to-compare' });
});
