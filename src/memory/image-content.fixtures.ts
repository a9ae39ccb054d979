/** What is in an image, short enough to compare. */
import { createHash } from 'node:crypto';
import type { MemoryImage } from './image.js';

/** SHA-256 of a whole block, with zeroes for pages that the image does not hold. */
export async function hashWithZeroes(image: MemoryImage, block: number): Promise<string> {
  const bytes = await image.readBytes(block, 0, image.blocks[block]?.length ?? 0);
  return createHash('sha256').update(bytes).digest('hex');
}

/** A hash for each block, but for long ones their name and length. */
export async function contentOf(image: MemoryImage, longestHashed: number): Promise<string[]> {
  return await Promise.all(
    image.blocks.map(async ({ name, length }, index) =>
      length > longestHashed ? `${name} ${length}` : await hashWithZeroes(image, index),
    ),
  );
}

export const addressesIn = (
  runs: readonly { readonly start: number; readonly pages: number }[],
  step: number,
): number[] =>
  runs.flatMap((run) => Array.from({ length: run.pages }, (_, index) => run.start + index * step));
