/** Raw memory of a few pages, for tests of the offline commands. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Scratch } from '../../../model/scratch.fixtures.js';

export const pageBytes = 4096;

/** Raw memory as the test guest leaves it: generation `g` up to `edge`, one less after it. */
export function stamped(
  scratch: Scratch,
  pages: number,
  g: number,
  edge: number,
): { file: string; bytes: Buffer } {
  const bytes = Buffer.alloc(pages * pageBytes, 0x5a);
  for (let page = 0; page < pages; page++) bytes[page * pageBytes] = page < edge ? g : g - 1;
  const file = path.join(scratch.directory, 'memory');
  writeFileSync(file, bytes);
  return { file, bytes };
}
