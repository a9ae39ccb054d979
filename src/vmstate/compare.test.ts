import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareStates } from './compare.js';

test('equal states have no differences', () => {
  const state = { a: 1, b: [1, { c: '2' }], d: null };
  assert.deepEqual(compareStates(state, structuredClone(state), 10), { total: 0, fields: [] });
});

test('each field that differs is named with both values, absent ones too', () => {
  const found = compareStates(
    { regs: [1, 2], cr: { pe: false }, old: 1, same: 'x' },
    { regs: [1, 3, 4], cr: { pe: true }, fresh: null, same: 'x' },
    10,
  );
  assert.deepEqual(found, {
    total: 5,
    fields: [
      { path: 'regs[1]', a: 2, b: 3 },
      { path: 'regs[2]', a: undefined, b: 4 },
      { path: 'cr.pe', a: false, b: true },
      { path: 'old', a: 1, b: undefined },
      { path: 'fresh', a: undefined, b: null },
    ],
  });
});

test('the list is capped, the total is not', () => {
  const { total, fields } = compareStates([1, 2, 3, 4], [5, 6, 7, 8], 2);
  assert.equal(total, 4);
  assert.equal(fields.length, 2);
});
