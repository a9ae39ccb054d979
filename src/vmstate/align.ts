/** Pairs equal elements of two lists: the longest common subsequence. Pure. */

export type Pair<T> = readonly [a: T | undefined, b: T | undefined];

/**
 * For a larger product of lengths it pairs only equal elements at both ends; a real device stays
 * far below.
 */
const mostCells = 16_000_000;

/** All elements of both lists in their order, as pairs if they are equal. */
export function align<T>(
  a: readonly T[],
  b: readonly T[],
  isSame: (a: T, b: T) => boolean,
): Pair<T>[] {
  const same = (i: number, j: number): boolean => isSame(a[i] as T, b[j] as T);
  let start = 0;
  while (start < a.length && start < b.length && same(start, start)) start += 1;
  let [endA, endB] = [a.length, b.length];
  while (endA > start && endB > start && same(endA - 1, endB - 1)) {
    endA -= 1;
    endB -= 1;
  }
  const [rows, columns] = [endA - start, endB - start];
  const both = (from: number, to: number, shift: number): Pair<T>[] =>
    a.slice(from, to).map((one, index) => [one, b[from + index + shift]]);
  const middle: Pair<T>[] = [];
  let [i, j] = [0, 0];
  if (rows * columns <= mostCells) {
    const longest = longestFrom(rows, columns, (row, column) => same(start + row, start + column));
    const at = (row: number, column: number): number => longest[row * (columns + 1) + column] ?? 0;
    while (i < rows && j < columns) {
      if (same(start + i, start + j)) middle.push([a[start + i++], b[start + j++]]);
      else if (at(i + 1, j) >= at(i, j + 1)) middle.push([a[start + i++], undefined]);
      else middle.push([undefined, b[start + j++]]);
    }
  }
  while (i < rows) middle.push([a[start + i++], undefined]);
  while (j < columns) middle.push([undefined, b[start + j++]]);
  return [...both(0, start, 0), ...middle, ...both(endA, a.length, endB - endA)];
}

/** The length of the longest common subsequence from each row and column on. */
function longestFrom(
  rows: number,
  columns: number,
  same: (row: number, column: number) => boolean,
): Uint16Array {
  const width = columns + 1;
  const longest = new Uint16Array((rows + 1) * width);
  for (let row = rows - 1; row >= 0; row--) {
    for (let column = columns - 1; column >= 0; column--) {
      const here = row * width + column;
      longest[here] = same(row, column)
        ? (longest[here + width + 1] ?? 0) + 1
        : Math.max(longest[here + width] ?? 0, longest[here + 1] ?? 0);
    }
  }
  return longest;
}
