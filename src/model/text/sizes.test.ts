import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatBytes, parseSize } from './sizes.js';
import { counted } from './format.js';

test('sizes are read in hexadecimal, decimal and with units', () => {
  const known: readonly (readonly [string, number])[] = [
    ['0', 0],
    ['4096', 4096],
    ['0x1000', 4096],
    ['0XFF', 255],
    ['4K', 4096],
    ['4k', 4096],
    ['1MiB', 1024 ** 2],
    ['100M', 100 * 1024 ** 2],
    ['2G', 2 * 1024 ** 3],
    ['1T', 1024 ** 4],
  ];
  for (const [text, bytes] of known) assert.equal(parseSize(text), bytes, text);
});

test('what is no size, or not exact as a number, is refused', () => {
  for (const text of [
    '',
    '-1',
    '1.5M',
    '0x',
    '0x1K',
    'K',
    '1KK',
    '1e3',
    '9007199254740992',
    '9P9',
  ]) {
    assert.equal(parseSize(text), undefined, text);
  }
});

test('sizes are written short, and exact where they are whole', () => {
  assert.equal(formatBytes(513), '513 B');
  assert.equal(formatBytes(4096), '4 KiB');
  assert.equal(formatBytes(0), '0 B');
  assert.equal(formatBytes(5000), '5000 B');
  assert.equal(formatBytes(99 * 1024 ** 2), '99 MiB');
  assert.equal(formatBytes(150 * 1024 ** 3), '150 GiB');
  assert.equal(formatBytes(20_000), '19.5 KiB');
  assert.deepEqual([counted(1, 'page'), counted(0, 'page')], ['1 page', '0 pages']);
});
