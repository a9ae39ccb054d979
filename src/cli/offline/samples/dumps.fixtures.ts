/** Dumps put together by hand, of pages of 4096 bytes. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Scratch } from '../../../model/scratch.fixtures.js';

const pageBytes = 4096;

/** @returns the file's path */
export function saved(scratch: Scratch, name: string, bytes: Buffer): string {
  const file = path.join(scratch.directory, name);
  writeFileSync(file, bytes);
  return file;
}

export interface ElfPiece {
  readonly address: number;
  readonly data: Buffer;
  /** at least as much as there is data */
  readonly memoryBytes: number;
  /** default: `address` */
  readonly virtualAddress?: number;
}

/** An ELF core with one PT_LOAD for each piece. */
export function elfCore(pieces: readonly ElfPiece[]): Buffer {
  const head = Buffer.alloc(64 + 56 * pieces.length);
  head.write('\x7fELF\x02\x01\x01', 'latin1');
  head.writeUInt16LE(4, 16);
  head.writeBigUInt64LE(64n, 32);
  head.writeUInt16LE(56, 54);
  head.writeUInt16LE(pieces.length, 56);
  let offset = head.length;
  pieces.forEach(({ address, data, memoryBytes, virtualAddress = address }, index) => {
    const at = 64 + 56 * index;
    head.writeUInt32LE(1, at);
    for (const [field, value] of [
      [8, offset],
      [16, virtualAddress],
      [24, address],
      [32, data.length],
      [40, memoryBytes],
    ] as const) {
      head.writeBigUInt64LE(BigInt(value), at + field);
    }
    offset += data.length;
  });
  return Buffer.concat([head, ...pieces.map(({ data }) => data)]);
}

/**
 * A kdump of version 6: `page` at each of `held`; `leftOut` are memory that makedumpfile excluded.
 */
export function kdump(
  pages: number,
  page: Buffer,
  held: readonly number[],
  leftOut: readonly number[] = [],
): Buffer {
  const file = Buffer.alloc(4 * pageBytes + 24 * held.length);
  file.write('KDUMP   ');
  for (const [at, value] of [
    [8, 6],
    [424, 1],
    [428, pageBytes],
    [432, 1],
    [436, 2],
    [440, pages],
    [pageBytes + 96, pages],
  ] as const) {
    file.writeUInt32LE(value, at);
  }
  const mark = (bitmap: number, number: number): void => {
    const at = bitmap * pageBytes + Math.floor(number / 8);
    file[at] = (file[at] ?? 0) | (1 << (number % 8));
  };
  for (const number of [...held, ...leftOut]) mark(2, number);
  held.forEach((number, index) => {
    mark(3, number);
    file.writeBigUInt64LE(BigInt(file.length), 4 * pageBytes + 24 * index);
    file.writeUInt32LE(pageBytes, 4 * pageBytes + 24 * index + 8);
  });
  return Buffer.concat([file, page]);
}

/** A LiME file: ranges of bytes, each from an address on. */
export function limeFile(ranges: readonly (readonly [number, Buffer])[]): Buffer {
  return Buffer.concat(
    ranges.flatMap(([address, data]) => {
      const head = Buffer.alloc(32);
      head.write('EMiL');
      head.writeUInt32LE(1, 4);
      head.writeBigUInt64LE(BigInt(address), 8);
      head.writeBigUInt64LE(BigInt(address + data.length - 1), 16);
      return [head, data];
    }),
  );
}

/** A full Windows crash dump of 64 bits: runs of pages, each from a page number on. */
export function winDump(runs: readonly (readonly [number, Buffer])[], type = 1): Buffer {
  const head = Buffer.alloc(0x2000);
  head.write('PAGEDU64');
  head.writeUInt32LE(type, 0xf98);
  head.writeUInt32LE(runs.length, 0x88);
  runs.forEach(([first, data], index) => {
    head.writeBigUInt64LE(BigInt(first), 0x98 + 16 * index);
    head.writeBigUInt64LE(BigInt(data.length / pageBytes), 0xa0 + 16 * index);
  });
  return Buffer.concat([head, ...runs.map(([, data]) => data)]);
}
