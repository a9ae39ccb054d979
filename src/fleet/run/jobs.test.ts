import assert from 'node:assert/strict';
import { test } from 'node:test';
import { priorityOf } from './jobs.js';

test('the longest attempt is first, then the one that was sent first', () => {
  const sent: readonly (readonly [expectedMs: number, rank: number])[] = [
    [1000, 0],
    [1000, 1],
    [5000, 2],
    [999.9, 3],
    [0, 5000],
    [1e9, 6000],
    [-1, 6001],
  ];
  const order = sent
    .toSorted((a, b) => priorityOf(...b) - priorityOf(...a))
    .map(([, rank]) => rank);
  assert.deepEqual(order, [6000, 2, 0, 1, 3, 5000, 6001]);
  const all = sent.map((one) => priorityOf(...one));
  assert.ok(
    all.every((one) => Number.isInteger(one) && one >= 0 && one < 2 ** 31),
    all.join(),
  );
});
