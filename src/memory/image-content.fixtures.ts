/** What is in an image, short enough to compare. */
import type { MemoryImage } from './image.js';

/** A hash for each block, but for long ones their name and length. */
export async function contentOf(image: MemoryImage, longestHashed: number): Promise<string[]> {
  return await Promise.all(
    image.blocks.map(async ({ name, length }, index) =>
      length > longestHashed ? `${name} ${length}` : await image.hash(index, undefined),
    ),
  );
}

export const addressesIn = (
  runs: readonly { readonly start: number; readonly pages: number }[],
  step: number,
): number[] =>
  runs.flatMap((run) => Array.from({ length: run.pages }, (_, index) => run.start + index * step));
