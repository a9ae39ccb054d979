import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { orderOf } from './order.js';

const labels = ['A', 'B'] as const;

test('a warm-up of each side comes first, then blocks A B B A or B A A B', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(), (pairs, seed) => {
      const [first, second, ...rest] = orderOf({ labels, pairs, seed }, 'unix');
      assert.deepEqual(
        [first, second],
        [
          { label: 'A', pair: 0 },
          { label: 'B', pair: 0 },
        ],
      );
      assert.equal(rest.length, 2 * pairs);
      for (let at = 0; at < rest.length; at += 4) {
        const block = rest.slice(at, at + 4).map(({ label }) => label);
        assert.match(block.join(''), block.length === 4 ? /^(ABBA|BAAB)$/ : /^(AB|BA)$/);
        const numbers = rest.slice(at, at + 4).map(({ pair }) => pair);
        const pair = at / 2 + 1;
        assert.deepEqual(numbers, [pair, pair, pair + 1, pair + 1].slice(0, numbers.length));
      }
    }),
  );
});

test('the same seed gives the same order, another seed or scenario another one', () => {
  const of = (seed: number, scenario = 'unix'): string =>
    orderOf({ labels, pairs: 40, seed }, scenario)
      .map(({ label }) => label)
      .join('');
  assert.equal(of(1), of(1));
  assert.notEqual(of(1), of(2));
  assert.notEqual(of(1), of(1, 'tcp'));
});

test('one side runs alone', () => {
  assert.deepEqual(
    orderOf({ labels: ['A'], pairs: 2, seed: 1 }, 'unix').map(
      ({ label, pair }) => `${label}${pair}`,
    ),
    ['A0', 'A1', 'A2'],
  );
});
