/** Numbers that look random and follow from a seed: the same on every host. */
import { createHash } from 'node:crypto';

export interface Draw {
  /** a whole number from 0 to `limit` - 1 */
  below(limit: number): number;
  /** one of several */
  of<T>(values: readonly T[]): T;
}

/** @param name what is drawn: two names of one seed have nothing to do with each other */
export function drawing(seed: number, name: string): Draw {
  let count = 0;
  const below = (limit: number): number => {
    const digest = createHash('sha256').update(`${seed} ${name} ${count++}`).digest();
    return Number(digest.readBigUInt64LE(0) % BigInt(limit));
  };
  return {
    below,
    of: <T>(values: readonly T[]): T => {
      const value = values[below(values.length)];
      if (value === undefined) throw new RangeError('nothing to draw from');
      return value;
    },
  };
}

/** In an order that follows from the seed. */
export function shuffled<T>(values: readonly T[], draw: Draw): T[] {
  const out = [...values];
  for (let i = out.length - 1; i > 0; i--) {
    const j = draw.below(i + 1);
    [out[i], out[j]] = [out[j] as T, out[i] as T];
  }
  return out;
}
