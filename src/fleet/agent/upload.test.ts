import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withinLimit } from './upload.js';

test('small files go first, and what goes beyond the limit stays', () => {
  const files = [
    { path: 'ram.bin', bytes: 90 },
    { path: 'b.txt', bytes: 5 },
    { path: 'a.txt', bytes: 5 },
    { path: 'log', bytes: 20 },
  ];
  const names = (found: readonly { path: string }[]): string[] => found.map(({ path }) => path);
  const { go, stay } = withinLimit(files, 100);
  assert.deepEqual([names(go), names(stay)], [['a.txt', 'b.txt', 'log'], ['ram.bin']]);
  assert.deepEqual(names(withinLimit(files, 120).stay), []);
  assert.deepEqual(names(withinLimit(files, 4).go), []);
});
