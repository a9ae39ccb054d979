/** Migration to an offset in a file: QEMU must not change the bytes before it. */
import { closeSync, openSync, readSync, writeFileSync } from 'node:fs';
import { contractError } from '../../../model/errors.js';
import type { Pair } from '../../../migration/pair.js';
import { hex } from '../../../model/text/format.js';

/** where the stream begins, bytes */
export const fileOffset = 4096;
const filler = 0x58;
const streamMagic = 0x5145564d;

/** Makes the file, with content before the offset that QEMU must not change. */
export function prefillFile({ context }: Pair): void {
  writeFileSync(context.file('migfile'), Buffer.alloc(fileOffset, filler), { mode: 0o660 });
}

/** The content before the offset is unchanged, and the stream begins at the offset. */
export function checkFileOffset({ context }: Pair): void {
  const start = Buffer.alloc(fileOffset + 4);
  const fd = openSync(context.file('migfile'), 'r');
  try {
    readSync(fd, start, 0, start.length, 0);
  } finally {
    closeSync(fd);
  }
  const touched = start.subarray(0, fileOffset).findIndex((byte) => byte !== filler);
  if (touched >= 0) {
    throw contractError(
      'file-overwritten',
      `QEMU wrote to byte ${touched} of the migration file, which begins at ${fileOffset}`,
      { side: 'source' },
    );
  }
  const magic = start.readUInt32BE(fileOffset);
  if (magic === streamMagic) return;
  throw contractError(
    'no-stream',
    `no migration stream begins at offset ${fileOffset} of the file`,
    { side: 'source', waitedFor: hex(streamMagic), lastSeen: hex(magic) },
  );
}
