import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rateArgument } from './advise-options.js';

test('rates are in bits or bytes, decimal or binary, with or without /s', () => {
  assert.equal(rateArgument('10Gbit'), 1.25e9);
  assert.equal(rateArgument('10gbit/s'), 1.25e9);
  assert.equal(rateArgument('800MB/s'), 8e8);
  assert.equal(rateArgument('512MiB/s'), 512 * 2 ** 20);
  assert.equal(rateArgument('4096B'), 4096);
  for (const text of ['', '10', '0B/s', 'MB/s', '-1MB/s', '1XB', '1iB']) {
    assert.throws(() => rateArgument(text), /expected a rate/, text);
  }
});

test("a small 'b' may be bits or bytes, and is refused with both spellings", () => {
  for (const [text, bits, bytes] of [
    ['10Gb/s', '10Gbit/s', '10GB/s'],
    ['10Gbps', '10Gbit/s', '10GB/s'],
    ['2.5mb', '2.5Mbit/s', '2.5MB/s'],
    ['1Gib/s', '1Gibit/s', '1GiB/s'],
  ] as const) {
    const message = `'b' may be bits or bytes: give ${bits} or ${bytes}, not '${text}'.`;
    assert.throws(() => rateArgument(text), { message });
  }
});
