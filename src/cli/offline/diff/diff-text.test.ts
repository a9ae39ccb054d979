/** How very many ranges are shown. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ramTexts } from './diff-text.js';
import type { RamDiff } from './diff-text.js';

const page = 4096;
const same = (text: string): string => text;

function one(start: number, isDifferent: boolean): RamDiff {
  const range = { start, end: start + page };
  return {
    comparison: {
      what: `guest memory ${start}`,
      addresses: 'guest',
      request: {
        firstBlock: null,
        firstStart: start,
        secondBlock: null,
        secondStart: start,
        length: page,
      },
    },
    found: {
      pageBytes: page,
      pages: 1,
      differentBytes: isDifferent ? 1 : 0,
      differentPages: isDifferent ? 1 : 0,
      differentRuns: isDifferent ? 1 : 0,
      absentInFirst: 0,
      absentInSecond: 0,
      absentInBoth: 0,
      runs: isDifferent
        ? [{ ...range, pages: 1, kind: 'content', byteOffset: 0, first: 1, second: 2 }]
        : [],
    },
  };
}

test('few ranges have a line each, many equal ones share one', () => {
  const paint = { strong: same, warning: same, damaged: same, intact: same, faint: same };
  const texts = (equal: number, different: number): string[] =>
    ramTexts(
      [
        ...Array.from({ length: equal }, (_, index) => one(index * page, false)),
        ...Array.from({ length: different }, (_, index) => one((equal + index) * page, true)),
      ],
      2,
      paint,
    );
  assert.equal(texts(2, 1).length, 4);
  const many = texts(1000, 3);
  assert.deepEqual(many.slice(0, 2), [
    'guest memory, 1,000 ranges: 1,000 pages equal',
    'guest memory 4096000: 1 of 1 page differ (1 run)',
  ]);
  assert.equal(many.at(-1), '1 more range: different');
});
