import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rangeArgument } from './size-arguments.js';

test('ranges are given by both ends or by start and length', () => {
  assert.deepEqual(rangeArgument('1M-100M'), { start: 0x100000, end: 0x6400000 });
  assert.deepEqual(rangeArgument('0x100000-0x6400000'), { start: 0x100000, end: 0x6400000 });
  assert.deepEqual(rangeArgument('1M+4K'), { start: 0x100000, end: 0x101000 });
  for (const text of ['1M', '2M-1M', '1M-1M', '1M-', '-1M', '1-2-3', 'a-b', '8P+8191P']) {
    assert.throws(() => rangeArgument(text), /expected START-END/, text);
  }
});
