/** Migration into the middle of a file: what is before the offset belongs to somebody else. */
import { closeSync, openSync, readSync, writeFileSync } from 'node:fs';
import { HarnessError } from '../../../model/errors.js';
import type { Pair } from '../../../migration/pair.js';
import { hex } from '../../../model/text/format.js';

/** where the stream begins, bytes */
export const fileOffset = 4096;
const filler = 0x58;
const streamMagic = 0x5145564d;

/** Makes the file, with content before the offset that must stay as it is. */
export function prefillFile({ context }: Pair): void {
  writeFileSync(context.file('migfile'), Buffer.alloc(fileOffset, filler), { mode: 0o660 });
}

/** What was there is untouched, and the stream begins right after it. */
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
    throw new HarnessError({
      code: 'file-overwritten',
      blame: 'contract',
      message: `QEMU wrote to byte ${touched} of the migration file, which begins at ${fileOffset}`,
      side: 'source',
    });
  }
  const magic = start.readUInt32BE(fileOffset);
  if (magic === streamMagic) return;
  throw new HarnessError({
    code: 'no-stream',
    blame: 'contract',
    message: `no migration stream begins at offset ${fileOffset} of the file`,
    side: 'source',
    waitedFor: hex(streamMagic),
    lastSeen: hex(magic),
  });
}
