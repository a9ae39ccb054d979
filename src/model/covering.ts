/**
 * Chooses few rows out of many so that they contain every set of `strength` values that any row
 * contains. Pure: the same draw gives the same rows. A row is a list of values, one for each
 * factor.
 */
import { shuffled } from './seeded.js';
import type { Draw } from './seeded.js';

export type Row = readonly string[];

/** of the rows that contain a set that is missing, at most this many are compared */
const mostCompared = 48;

/** Every set of `strength` places among `length`, in ascending order. */
function placesOf(length: number, strength: number, from = 0): number[][] {
  if (strength === 0) return [[]];
  const sets: number[][] = [];
  for (let first = from; first < length; first++) {
    for (const rest of placesOf(length, strength - 1, first + 1)) sets.push([first, ...rest]);
  }
  return sets;
}

/** The sets of `strength` values of a row, with their places. */
export function setsOf(row: Row, strength: number): string[] {
  return placesOf(row.length, Math.min(strength, row.length)).map((places) =>
    places.map((place) => `${place}=${row[place] ?? ''}`).join(' '),
  );
}

/**
 * Greedy: as long as a set is missing, takes of the rows that contain it the one that contains most
 * missing sets. So every set of every row is covered in the end.
 */
export function cover(rows: readonly Row[], strength: number, draw: Draw): Row[] {
  const holders = new Map<string, Row[]>();
  for (const row of rows) {
    for (const set of setsOf(row, strength)) {
      const known = holders.get(set);
      if (known === undefined) holders.set(set, [row]);
      else known.push(row);
    }
  }
  const missing = new Set(shuffled([...holders.keys()], draw));
  const chosen: Row[] = [];
  for (const wanted of missing) {
    if (!missing.has(wanted)) continue;
    const all = holders.get(wanted) ?? [];
    const compared =
      all.length <= mostCompared ? all : Array.from({ length: mostCompared }, () => draw.of(all));
    let best: readonly [row: Row, gain: number] | undefined;
    for (const row of compared) {
      const gain = setsOf(row, strength).filter((set) => missing.has(set)).length;
      if (best === undefined || gain > best[1]) best = [row, gain];
    }
    if (best === undefined) continue;
    for (const set of setsOf(best[0], strength)) missing.delete(set);
    chosen.push(best[0]);
  }
  return chosen;
}
