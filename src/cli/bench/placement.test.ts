import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missingProcessor } from './placement.js';

test('the first processor that is not allowed is named', () => {
  assert.equal(missingProcessor('0-3,8', '0-15'), undefined);
  assert.equal(missingProcessor('0-3,8', '0-2,8'), 3);
  assert.equal(missingProcessor('9', '0-7,10'), 9);
  assert.equal(missingProcessor('', '0'), undefined);
  assert.equal(missingProcessor('5-99999999999', '0-7'), 8);
});
