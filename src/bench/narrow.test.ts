/** A benchmark ends once the interval of its total time is narrow, and not before. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { madeDocument, madeSamples } from './bench.fixtures.js';
import type { Label } from './order.js';
import { isNarrow, widthOf } from './narrow.js';
import { designText, remarksOf } from './rows.js';

const both: readonly Label[] = ['A', 'B'];
const design = { labels: both, pairs: 100, seed: 1, untilWidth: 0.05 };
const quiet = { seed: 3, ratio: 1.2, noise: 0.005 };
const loud = { seed: 3, ratio: 1.2, noise: 0.2 };

test('a narrow interval is found after whole blocks of at least six pairs', () => {
  for (const pairs of [6, 8, 20]) {
    assert.equal(isNarrow(madeSamples({ ...quiet, pairs }), design, pairs), true, `${pairs} pairs`);
  }
  for (const pairs of [2, 4, 5, 7]) {
    assert.equal(
      isNarrow(madeSamples({ ...quiet, pairs }), design, pairs),
      false,
      `${pairs} pairs`,
    );
  }
});

test('a wide interval is none, and without a width none is sought', () => {
  assert.equal(isNarrow(madeSamples({ ...loud, pairs: 12 }), design, 12), false);
  const samples = madeSamples({ ...quiet, pairs: 12 });
  assert.equal(isNarrow(samples, { ...design, untilWidth: undefined }, 12), false);
});

test('the width is that of the change, and of the median where there is one side', () => {
  const samples = madeSamples({ ...loud, pairs: 12 });
  const document = madeDocument(samples);
  const [total] = document.scenarios[0]?.comparisons ?? [];
  assert.equal(total?.figure, 'totalMs');
  assert.equal(widthOf(samples, design), (total.high ?? 0) - (total.low ?? 0));
  // 12 values: the interval of the sign test has the third and the tenth of them for its ends
  const values = [400, 410, 420, 430, 440, 450, 460, 470, 480, 490, 500, 510];
  const alone = values.map((totalMs, index) => ({
    ...{ label: 'A' as const, pair: index + 1 },
    measured: { totalMs, isForced: false },
  }));
  assert.equal(widthOf(alone, { labels: ['A'] }), (490 - 420) / 455);
  assert.equal(widthOf(alone.slice(0, 3), { labels: ['A'] }), undefined);
  assert.equal(widthOf([], design), undefined);
});

test('the report says how wide the interval is, and what was wanted', () => {
  const document = { ...madeDocument(madeSamples({ ...loud, pairs: 12 })), untilWidth: 0.025 };
  assert.match(
    designText(document),
    /^until the interval of the total time is 2\.5 % wide, at most 12 pairs/,
  );
  const [scenario] = document.scenarios;
  assert.ok(scenario !== undefined);
  assert.match(
    remarksOf(scenario, document)[0] ?? '',
    /^12 pairs: the interval of the total time is still \d\d\.\d % wide$/,
  );
  const failure = { kind: 'failed', code: 'deadline', message: 'too slow' } as const;
  const failed = scenario.samples.map((sample) =>
    sample.pair === 2 && sample.label === 'B' ? { label: 'B' as const, pair: 2, failure } : sample,
  );
  const samples = [{ label: 'A' as const, pair: 0, failure }, ...failed];
  assert.match(remarksOf({ ...scenario, samples }, document)[0] ?? '', /^11 pairs: the interval/);
  const partial = remarksOf({ ...scenario, samples, isPartial: true }, document);
  assert.ok(partial.includes('partial: B has 11 of at most 12 samples'), partial.join('\n'));
  const wide = { ...document, untilWidth: 10 };
  assert.match(remarksOf(scenario, wide)[0] ?? '', /^12 pairs: .* is \d\d\.\d % wide$/);
});
