import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HarnessError } from '../model/errors.js';
import { selectDevices } from './select.js';

const all = ['a1', 'a2', 'b1', 'a3', 'b2'].map((name) => ({ name, category: 'x', properties: [] }));
const names = (selection: Parameters<typeof selectDevices>[1]): string[] =>
  selectDevices(all, selection).map(({ name }) => name);

test('a pattern selects, and of these each n-th is taken, from the first on', () => {
  assert.deepEqual(names({}), ['a1', 'a2', 'b1', 'a3', 'b2']);
  assert.deepEqual(names({ match: '^a' }), ['a1', 'a2', 'a3']);
  assert.deepEqual(names({ match: '^a', every: 2 }), ['a1', 'a3']);
  assert.deepEqual(names({ every: 99 }), ['a1']);
});

test('a pattern that is none, or that nothing matches, is wrong usage that names it', () => {
  for (const match of ['(', '^z']) {
    assert.throws(
      () => names({ match }),
      (error) =>
        error instanceof HarnessError && error.blame === 'usage' && error.message.includes(match),
    );
  }
});
