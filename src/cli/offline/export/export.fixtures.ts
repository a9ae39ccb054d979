/** Reads the files that `drover export` writes, without any of its code. */
import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';

export interface Stretch {
  readonly address: number;
  readonly bytes: Buffer;
}

/** A LiME file: header, memory, header, memory. The last address of a header is inclusive. */
export function readLime(file: string): Stretch[] {
  const all = readFileSync(file);
  const found: Stretch[] = [];
  for (let at = 0; at < all.length;) {
    if (all.readUInt32LE(at) !== 0x4c694d45) throw new Error(`no magic at ${at}`);
    if (all.readUInt32LE(at + 4) !== 1) throw new Error(`another version at ${at}`);
    const [first, last] = [all.readBigUInt64LE(at + 8), all.readBigUInt64LE(at + 16)];
    if (all.readBigUInt64LE(at + 24) !== 0n) throw new Error(`reserved bytes at ${at}`);
    const length = Number(last - first) + 1;
    const bytes = all.subarray(at + 32, at + 32 + length);
    if (bytes.length !== length) throw new Error(`cut short at ${at}`);
    found.push({ address: Number(first), bytes });
    at += 32 + length;
  }
  return found;
}

/** Bytes [start, end) of a file, which may be sparse and long. */
export function bytesOf(file: string, start: number, end: number): Buffer {
  const bytes = Buffer.alloc(end - start);
  const fd = openSync(file, 'r');
  const got = readSync(fd, bytes, 0, bytes.length, start);
  closeSync(fd);
  return bytes.subarray(0, got);
}

/** what a file takes on the disk */
export const diskBytes = (file: string): number => statSync(file).blocks * 512;
