/** Changes to recorded files, applied while they are read: the recording itself stays as it is. */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';

/** In one file, `remove` bytes from `at` on give way to others. */
export interface Edit {
  /** number of the file in its recording */
  readonly file: number;
  readonly at: number;
  readonly remove: number;
  readonly insert: Uint8Array;
}

/** As many other bytes in the same place. */
export const replacement = (file: number, at: number, insert: Uint8Array): Edit => ({
  ...{ file, at, insert },
  remove: insert.length,
});

/** The edits of one file in the order of places. @throws RangeError when two of them overlap */
export function editsOf(edits: readonly Edit[], file: number): Edit[] {
  const own = edits.filter((edit) => edit.file === file).sort((a, b) => a.at - b.at);
  let end = 0;
  for (const { at, remove } of own) {
    if (at < end) throw new RangeError(`two edits of file ${file} overlap at ${at}`);
    end = at + remove;
  }
  return own;
}

/** The bytes of a file with its edits, piece by piece. */
export async function* editedFile(
  path: string,
  edits: readonly Edit[],
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let from = 0;
  for (const { at, remove, insert } of edits) {
    yield* piece(path, from, at, signal);
    if (insert.length > 0) yield insert;
    from = at + remove;
  }
  yield* piece(path, from, Infinity, signal);
}

const pieceBytes = 1 << 20;

async function* piece(
  path: string,
  start: number,
  end: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  if (end <= start) return;
  const range = { start, end: end - 1, highWaterMark: pieceBytes, signal };
  for await (const bytes of createReadStream(path, range)) yield bytes as Buffer;
}

/** Makes replacements in a file itself. @throws RangeError for an edit that moves what follows it */
export async function editInPlace(path: string, edits: readonly Edit[]): Promise<void> {
  const file = await open(path, 'r+');
  try {
    for (const { at, remove, insert } of edits) {
      if (remove !== insert.length) throw new RangeError(`an edit at ${at} moves what follows it`);
      await file.write(insert, 0, insert.length, at);
    }
  } finally {
    await file.close();
  }
}
