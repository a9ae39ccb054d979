/**
 * The smallest part of some items that still has a property, such as that a test with them fails
 * (delta debugging). Pure but for the test, which is asked once for each set.
 */

export interface Shrink<T> {
  /** all of them have the property */
  readonly items: readonly T[];
  /** whether a part of them, in their order, has it */
  readonly holds: (items: readonly T[]) => Promise<boolean> | boolean;
  /** the test is asked no more when this is false */
  readonly mayAsk: () => boolean;
}

export interface Shrunk<T> {
  readonly items: readonly T[];
  /** how many sets were tested */
  readonly tries: number;
  /** neither one nor two of the items can be left out; false: there was no time to see */
  readonly isSmallest: boolean;
}

export async function shrink<T>({ items, holds, mayAsk }: Shrink<T>): Promise<Shrunk<T>> {
  const asked = new Map<string, boolean>();
  let current = [...items];
  const time = { ranOut: false };
  const without = async (left: readonly T[]): Promise<boolean> => {
    const rest = current.filter((item) => !left.includes(item));
    if (rest.length === current.length) return false;
    const key = rest.map((item) => items.indexOf(item)).join();
    const known = asked.get(key);
    if (known === false) return false;
    if (known === undefined) {
      if (!mayAsk()) {
        time.ranOut = true;
        return false;
      }
      asked.set(key, await holds(rest));
    }
    if (asked.get(key) !== true) return false;
    current = rest;
    return true;
  };
  // large parts first: most items have nothing to do with it
  for (let size = Math.ceil(current.length / 2); size > 1; size = Math.ceil(size / 2)) {
    for (let from = 0; from < current.length && !time.ranOut;) {
      if (!(await without(current.slice(from, from + size)))) from += size;
    }
  }
  for (let again = true; again && !time.ranOut;) {
    again = false;
    for (const item of [...current]) again = (await without([item])) || again;
    // some go only together
    for (const [first, second] of again ? [] : pairsOf(current)) {
      again = (await without([first, second])) || again;
      if (again) break;
    }
  }
  return { items: current, tries: asked.size, isSmallest: !time.ranOut };
}

function* pairsOf<T>(items: readonly T[]): Generator<readonly [T, T]> {
  for (const [at, first] of items.entries()) {
    for (const second of items.slice(at + 1)) yield [first, second];
  }
}
