/**
 * Chooses few rows of a space so that they contain every set of `strength` values that any row of
 * it contains. Pure: the same draw gives the same rows. In contrast to model/covering.ts the rows
 * are never listed: there may be billions.
 *
 * Greedy, one row after another: begins with a set that is missing, and gives one factor after
 * another, in an order that is drawn, the value with which the row contains most missing sets. Of
 * several rows made so it takes the best. Each value must leave the row one that can be completed.
 */
import { shuffled } from '../seeded.js';
import type { Draw } from '../seeded.js';
import { open } from './space.js';
import type { Row, Space } from './space.js';

/** how many rows are made for each that is taken, by the size of the sets */
const candidates: Readonly<Record<number, number>> = { 1: 4, 2: 12, 3: 4 };

/** Numbers of the factors that have a choice: a set with the only value of another one says nothing. */
const varying = ({ factors }: Space): number[] =>
  factors.flatMap(({ values }, factor) => (values.length > 1 ? [factor] : []));

/** Sets of values as numbers. */
class Sets {
  readonly #first: readonly number[];
  readonly #count: number;
  readonly #varying: ReadonlySet<number>;

  constructor(
    space: Space,
    readonly strength: number,
  ) {
    let count = 0;
    this.#first = space.factors.map(({ values }) => (count += values.length) - values.length);
    this.#count = count;
    this.#varying = new Set(varying(space));
  }

  /** one number for each value of each factor, ascending with the factor */
  #literal(row: Row, factor: number): number {
    return (this.#first[factor] ?? 0) + (row[factor] ?? 0);
  }

  #placesOf(row: Row): number[] {
    return row.flatMap((value, place) =>
      value === open || !this.#varying.has(place) ? [] : [place],
    );
  }

  /** The sets of a row that contain its value of a factor. */
  *through(row: Row, factor: number): Generator<number> {
    if (!this.#varying.has(factor)) return;
    const others = this.#placesOf(row).filter((place) => place !== factor);
    for (const chosen of subsets(others, this.strength - 1)) {
      const places = [...chosen, factor].sort((a, b) => a - b);
      yield places.reduce((key, place) => key * this.#count + this.#literal(row, place), 0);
    }
  }

  /** All sets of a row. */
  *of(row: Row): Generator<number> {
    for (const places of subsets(this.#placesOf(row), this.strength)) {
      yield places.reduce((key, place) => key * this.#count + this.#literal(row, place), 0);
    }
  }
}

/** Every choice of `size` of them, in their order. */
function* subsets(all: readonly number[], size: number, from = 0): Generator<number[]> {
  if (size === 0) {
    yield [];
    return;
  }
  for (let at = from; at <= all.length - size; at++) {
    for (const rest of subsets(all, size - 1, at + 1)) yield [all[at] ?? 0, ...rest];
  }
}

/** Partial rows with each set of `strength` values of different factors. */
function* partials(space: Space, strength: number): Generator<Row> {
  for (const places of subsets(varying(space), strength)) {
    let rows: number[][] = [[...space.emptyRow]];
    for (const place of places) {
      const values = [...(space.factors[place]?.values.keys() ?? [])];
      rows = rows.flatMap((row) =>
        values.map((value) => row.map((before, at) => (at === place ? value : before))),
      );
    }
    yield* rows;
  }
}

/** The sets that a whole row can contain, each with a partial row that has it alone. */
function possible(space: Space, strength: number): Map<number, Row> {
  const sets = new Sets(space, strength);
  // a part of a set that is impossible makes it so
  const parts = new Sets(space, strength - 1);
  const smaller = strength > 1 ? possible(space, strength - 1) : undefined;
  const found = new Map<number, Row>();
  for (const partial of partials(space, strength)) {
    const isPossible =
      smaller === undefined || [...parts.of(partial)].every((part) => smaller.has(part));
    if (!isPossible || space.complete(partial) === undefined) continue;
    const [key = 0] = sets.of(partial);
    found.set(key, partial);
  }
  return found;
}

/** Which sets of `strength` values a space has, and which of them rows contain. */
export class SetCoverage {
  readonly #sets: Sets;
  /** of each set that a row can contain, a partial row with it alone */
  readonly #all: ReadonlyMap<number, Row>;
  readonly #missing: Set<number>;

  constructor(
    readonly space: Space,
    readonly strength: number,
  ) {
    this.#sets = new Sets(space, Math.min(strength, varying(space).length));
    this.#all = possible(space, this.#sets.strength);
    this.#missing = new Set(this.#all.keys());
  }

  get total(): number {
    return this.#all.size;
  }

  get covered(): number {
    return this.#all.size - this.#missing.size;
  }

  /** @param row may be partial */
  add(row: Row): void {
    for (const set of this.#sets.of(row)) this.#missing.delete(set);
  }

  /** Partial rows, each with one set that is missing. */
  get missing(): Row[] {
    return [...this.#missing].map((key) => this.#all.get(key) ?? this.space.emptyRow);
  }

  /** How many sets that contain its value of the factor a row would add. */
  gain(row: Row, factor: number): number {
    let count = 0;
    for (const set of this.#sets.through(row, factor)) if (this.#missing.has(set)) count++;
    return count;
  }

  lacks(partial: Row): boolean {
    const [key = 0] = this.#sets.of(partial);
    return this.#missing.has(key);
  }

  sizeOf(row: Row): number {
    let count = 0;
    for (const set of this.#sets.of(row)) if (this.#missing.has(set)) count++;
    return count;
  }
}

/** Rows that contain all that a coverage lacks; adds them to it. */
export function coverRest(coverage: SetCoverage, draw: Draw): Row[] {
  const chosen: Row[] = [];
  for (const wanted of shuffled(coverage.missing, draw)) {
    if (!coverage.lacks(wanted)) continue;
    let best: readonly [row: Row, size: number] | undefined;
    for (let made = 0; made < (candidates[coverage.strength] ?? 1); made++) {
      const row = filled(coverage.space, wanted, draw, (part, factor) =>
        byGain(coverage, part, factor, draw),
      );
      const size = row === undefined ? 0 : coverage.sizeOf(row);
      if (row !== undefined && (best === undefined || size > best[1])) best = [row, size];
    }
    if (best === undefined) throw new Error('a set that is missing is part of a whole row');
    coverage.add(best[0]);
    chosen.push(best[0]);
  }
  return chosen;
}

/**
 * A whole row with the values of a partial one: gives one factor after another the first of
 * `valuesOf` with which the row can still be completed.
 */
function filled(
  space: Space,
  partial: Row,
  draw: Draw,
  valuesOf: (row: Row, factor: number) => readonly number[],
): Row | undefined {
  let witness = space.complete(partial);
  if (witness === undefined) return undefined;
  let row = partial;
  const rest = row.flatMap((value, factor) => (value === open ? [factor] : []));
  for (const factor of shuffled(rest, draw)) {
    for (const value of valuesOf(row, factor)) {
      const next: Row = row.map((before, at) => (at === factor ? value : before));
      const found: Row | undefined = witness[factor] === value ? witness : space.complete(next);
      if (found === undefined) continue;
      [row, witness] = [next, found];
      break;
    }
  }
  return row;
}

/** Its values that go together with the row, the one that adds most first; usual ones if they add nothing. */
function byGain(coverage: SetCoverage, row: Row, factor: number, draw: Draw): number[] {
  const { space } = coverage;
  const values = [...(space.factors[factor]?.values.keys() ?? [])];
  return shuffled(values, draw)
    .filter((value) => space.admits(row, factor, value))
    .map((value) => {
      const next = row.map((before, at) => (at === factor ? value : before));
      return { value, gain: coverage.gain(next, factor) };
    })
    .sort((a, b) => b.gain - a.gain || (a.gain === 0 ? a.value - b.value : 0))
    .map(({ value }) => value);
}

/** Rows of a space that contain every set of `strength` values of its rows. */
export const coverSpace = (space: Space, strength: number, draw: Draw): Row[] =>
  coverRest(new SetCoverage(space, strength), draw);

/** A row whose values are drawn; undefined if the space has no row. */
export function drawnRow(space: Space, draw: Draw): Row | undefined {
  return filled(space, space.emptyRow, draw, (_row, factor) =>
    shuffled([...(space.factors[factor]?.values.keys() ?? [])], draw),
  );
}
