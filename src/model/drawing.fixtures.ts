/**
 * Random numbers for tests, the same from the same seed. A test that draws from `testSeed` prints
 * it.
 */

/** DROVER_TEST_SEED, or the clock */
export const testSeed = Number(process.env['DROVER_TEST_SEED'] ?? Date.now() % 100_000);

/** xorshift32: whole numbers from 0 up to, not including, `below` */
export function drawing(seed: number): (below: number) => number {
  let state = (seed * 2_654_435_761) >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return Math.floor((state / 4_294_967_296) * below);
  };
}
