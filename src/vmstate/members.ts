/** The members of one decoded structure, under names that are untrusted and may repeat. Pure. */
import type { Json } from '../model/json.js';

export class Members {
  /** takes any name as a plain member, `__proto__` too */
  readonly values = Object.create(null) as Record<string, Json>;
  readonly #uses = new Map<string, number>();
  readonly #arrays = new Map<string, Json[]>();

  /** Writers repeat names, such as `unused`: the second one becomes `unused (2)`. */
  add(name: string, value: Json): void {
    let uses = this.#uses.get(name) ?? 0;
    let free: string;
    do {
      uses += 1;
      free = uses === 1 ? name : `${name} (${uses})`;
    } while (free in this.values);
    this.#uses.set(name, uses);
    this.values[free] = value;
  }

  /** The array that element `first` of `name` belongs to: a new one for the first element. */
  arrayFor(name: string, first: number): Json[] {
    const known = first === 0 ? undefined : this.#arrays.get(name);
    if (known !== undefined) return known;
    const array: Json[] = [];
    this.#arrays.set(name, array);
    this.add(name, array);
    return array;
  }
}
