/** Two things that are done at the same time. */

/** Waits for both: when one fails, its error is thrown after the other has settled too. */
export async function both<T>(first: Promise<T>, second: Promise<T>): Promise<[T, T]> {
  await Promise.allSettled([first, second]);
  return await Promise.all([first, second]);
}
