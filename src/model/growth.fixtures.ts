/** For tests that work does not grow faster than its input, on hosts of any speed and load. */

const factor = 16;
const rounds = 5;

/**
 * How many times more processor time `work` takes for 16 times the input: about 16 if it is
 * linear, more where caches end, 256 if it is quadratic. The least of five rounds each, in turn.
 * @param size of the smaller input; its work should take some milliseconds at least
 */
export function growth(size: number, work: (size: number) => void): number {
  const timed = (of: number): number => {
    const before = process.cpuUsage();
    work(of);
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
  // compiled by now, and on the larger input's path
  work(factor * size);
  let [small, large] = [Infinity, Infinity];
  for (let round = 0; round < rounds; round++) {
    small = Math.min(small, timed(size));
    large = Math.min(large, timed(factor * size));
  }
  return large / small;
}

/** Between that of linear and that of quadratic work. */
export const mostGrowth = 80;
