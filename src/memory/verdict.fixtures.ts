/** For tests of guests with one writer. */
import assert from 'node:assert/strict';
import type { MemoryVerdict, SliceVerdict } from '../model/verdict.js';

export function onlySlice({ slices }: MemoryVerdict): SliceVerdict {
  const [only, ...others] = slices;
  assert.ok(only !== undefined);
  assert.deepEqual(others, []);
  return only;
}
