import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PageDamage, PageDamageKind } from '../../../model/verdict.js';
import { drawPageMap } from './page-map.js';
import type { MapInput } from './page-map.js';

const bare = (text: string): string => text;
const paint = { damaged: bare, intact: bare, faint: bare };

/** cells as [data, zero, absent, damaged] */
function drawn(cells: readonly (readonly number[])[], rest: Partial<MapInput> = {}): string[] {
  const map = { pagesPerCell: 2, cells: Float64Array.from(cells.flat()) };
  return drawPageMap({ start: 0x100000, step: 4096, map, checked: true, ...rest }, paint);
}

function run(kind: PageDamageKind, start: number, end: number): PageDamage {
  return {
    ...{ start, end, kind, pages: (end - start) / 4096 },
    ...{ expected: 1, found: null, by: 0, from: null, byteOffset: null },
  };
}

test('each row has 64 cells and begins with its address', () => {
  const rows = drawn(Array.from({ length: 130 }, () => [2, 0, 0, 0]));
  assert.deepEqual(rows, [
    `  0x100000  ${'+'.repeat(64)}`,
    `  0x180000  ${'+'.repeat(64)}`,
    '  0x200000  ++',
    '  2 pages a character: + intact',
  ]);
});

test('the worst in a cell decides, damage by its kind', () => {
  const [row, legend] = drawn(
    [
      [2, 0, 0, 0],
      [0, 2, 0, 0],
      [1, 0, 1, 0],
      [1, 0, 0, 1],
      [0, 0, 0, 2],
      [0, 0, 0, 2],
      [0, 0, 0, 1],
    ],
    {
      damage: [
        run('stale', 0x106000, 0x107000),
        // from one cell into the next, where something else is wrong too
        run('misplaced', 0x108000, 0x10b000),
        run('garbage', 0x10b000, 0x10c000),
      ],
    },
  );
  assert.equal(row, '  0x100000  +.-sm*!');
  assert.equal(
    legend,
    '  2 pages a character: + intact, . zero, - not in the file, s stale, m misplaced, * damaged in several ways, ! damaged',
  );
});

test('without a check, data is just data', () => {
  assert.match(drawn([[1, 0, 0, 0]], { checked: false }).at(-1)!, /\+ data$/);
});
