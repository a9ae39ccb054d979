import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pagesOf, slicesOf } from './stamps.js';

const page = 4096;

test('writers share a range evenly, and the last has what is left over', () => {
  const range = { start: 0x100000, end: 0x100000 + 10 * page, step: page, writers: 3 };
  assert.deepEqual(slicesOf(range), [
    { start: 0x100000, end: 0x103000, hole: undefined, pages: 3 },
    { start: 0x103000, end: 0x106000, hole: undefined, pages: 3 },
    { start: 0x106000, end: 0x10a000, hole: undefined, pages: 4 },
  ]);
});

test('slices together are the range, and only the one across the hole knows of it', () => {
  const hole = { start: 0x80000000, end: 0x100000000 };
  for (const writers of [1, 2, 3, 5, 64]) {
    for (const above of [page, 7 * page, 0x40000000]) {
      const range = { start: 0x7ff00000, end: hole.end + above, step: page, hole, writers };
      const slices = slicesOf(range);
      assert.equal(
        slices.reduce((sum, { pages }) => sum + pages, 0),
        pagesOf(range),
      );
      let at = range.start;
      for (const slice of slices) {
        if (at === hole.start) at = hole.end;
        assert.equal(slice.start, at);
        const inside = slice.hole === undefined ? 0 : hole.end - hole.start;
        assert.equal(slice.end - slice.start - inside, slice.pages * page);
        at = slice.end;
      }
      assert.equal(at, range.end);
      const across = slices.filter((slice) => slice.hole !== undefined);
      assert.ok(across.length <= 1);
      for (const { start, end } of across) assert.ok(start < hole.start && hole.end < end);
    }
  }
});

test('a slice that ends where the hole begins does not reach across it', () => {
  const range = { start: 0, end: 8 * page, step: page, hole: { start: 2 * page, end: 6 * page } };
  assert.deepEqual(slicesOf({ ...range, writers: 2 }), [
    { start: 0, end: 2 * page, hole: undefined, pages: 2 },
    { start: 6 * page, end: 8 * page, hole: undefined, pages: 2 },
  ]);
});

test('a hot part is the beginning of each slice, and may end at the hole', () => {
  const hole = { start: 6 * page, end: 16 * page };
  const range = { start: 0, end: 20 * page, step: page, hole, writers: 2 };
  assert.deepEqual(slicesOf({ ...range, hot: { pages: 1, coldPages: 3 } }), [
    { start: 0, end: page, hole: undefined, pages: 1, part: 'hot' },
    { start: page, end: 5 * page, hole: undefined, pages: 4, part: 'cold' },
    { start: 5 * page, end: 6 * page, hole: undefined, pages: 1, part: 'hot' },
    { start: 16 * page, end: 20 * page, hole: undefined, pages: 4, part: 'cold' },
  ]);
});
