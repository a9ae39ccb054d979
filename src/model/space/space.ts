/**
 * All combinations of the values of some factors, but those that contain a set of values that do
 * not go together. Pure. A row has one value of each factor; a partial one leaves some open.
 */

export interface Factor {
  readonly name: string;
  /** at least one, the usual one first */
  readonly values: readonly string[];
}

/** One value of a factor. */
export interface Choice {
  readonly factor: string;
  readonly value: string;
}

/** Values of different factors that do not go together. */
export type Nogood = readonly Choice[];

/** a factor and one of its values, as numbers */
type Place = readonly [factor: number, value: number];
/** values that a value does not go together with */
type Conflict = readonly Place[];

/** Of each factor the number of its value, or `open`. */
export type Row = readonly number[];
export const open = -1;

export class Space {
  /** for each value of each factor: the sets that it is part of, each without it */
  readonly #conflicts: readonly (readonly Conflict[][])[];
  readonly #places: ReadonlyMap<string, number>;

  /** @param nogoods those that name an unknown factor or value forbid nothing */
  constructor(
    readonly factors: readonly Factor[],
    readonly nogoods: readonly Nogood[] = [],
  ) {
    this.#places = new Map(factors.map(({ name }, place) => [name, place]));
    const conflicts = factors.map(({ values }) => values.map((): Conflict[] => []));
    for (const nogood of nogoods) {
      const places = nogood.map(({ factor, value }) => this.#placeOf(factor, value));
      if (places.some(([, value]) => value === open)) continue;
      for (const own of places) {
        const others = places.filter((place) => place !== own);
        conflicts[own[0]]?.[own[1]]?.push(others);
      }
    }
    this.#conflicts = conflicts;
  }

  #placeOf(factor: string, value: string): Place {
    const place = this.#places.get(factor);
    if (place === undefined) return [open, open];
    return [place, this.factors[place]?.values.indexOf(value) ?? open];
  }

  get emptyRow(): Row {
    return this.factors.map(() => open);
  }

  /** With each of these values; what the space does not have is left out. */
  rowOf(choices: Iterable<Choice>): Row {
    const row = this.factors.map(() => open);
    for (const { factor, value } of choices) {
      const [place, number] = this.#placeOf(factor, value);
      if (number !== open) row[place] = number;
    }
    return row;
  }

  choicesOf(row: Row): Choice[] {
    return this.factors.flatMap(({ name, values }, place) => {
      const value = values[row[place] ?? open];
      return value === undefined ? [] : [{ factor: name, value }];
    });
  }

  /** Whether a value goes together with those of a row. The row's own value of the factor does not count. */
  admits(row: Row, factor: number, value: number): boolean {
    const sets = this.#conflicts[factor]?.[value] ?? [];
    return !sets.some((others) => others.every(([place, number]) => row[place] === number));
  }

  /** Whether all values of a row go together. */
  isAllowed(row: Row): boolean {
    return row.every((value, factor) => value === open || this.admits(row, factor, value));
  }

  /**
   * A whole row with the values of a partial one, with usual values as far as the search for it
   * takes them; undefined if there is none.
   */
  complete(partial: Row): Row | undefined {
    if (!this.isAllowed(partial)) return undefined;
    return this.#atOnce(partial) ?? this.#extend([...partial]);
  }

  /** One factor after another, each with the first value that goes together with those before. */
  #atOnce(partial: Row): Row | undefined {
    const row = [...partial];
    for (const [factor, value] of row.entries()) {
      if (value !== open) continue;
      const count = this.factors[factor]?.values.length ?? 0;
      let first = 0;
      while (first < count && !this.admits(row, factor, first)) first++;
      if (first === count) return undefined;
      row[factor] = first;
    }
    return row;
  }

  /** The factor with the fewest values left comes first, so that a dead end shows early. */
  #extend(row: number[]): Row | undefined {
    let next = open;
    let left: readonly number[] = [];
    for (const [factor, value] of row.entries()) {
      if (value !== open) continue;
      const admitted = this.#admitted(row, factor);
      if (admitted.length === 0) return undefined;
      if (next !== open && admitted.length >= left.length) continue;
      [next, left] = [factor, admitted];
    }
    if (next === open) return row;
    for (const value of left) {
      row[next] = value;
      const found = this.#extend(row);
      if (found !== undefined) return found;
    }
    row[next] = open;
    return undefined;
  }

  #admitted(row: Row, factor: number): number[] {
    const { values } = this.factors[factor] ?? { values: [] };
    return [...values.keys()].filter((value) => this.admits(row, factor, value));
  }
}
