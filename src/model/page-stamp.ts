/**
 * Stamps as a guest writes them (guest/README.md), made the slow way in big integers: for what is
 * put into memory on purpose, and to check what native code makes of it. Pure.
 */
import type { StampKind } from './stamps.js';

const mask = (1n << 64n) - 1n;
const generationFactor = 0x9e3779b97f4a7c15n;
const mixFactor = 0xd6e8feb86659fd93n;

/** The word at an offset of 16 or more. */
function mix(address: bigint, generation: bigint, offset: bigint): bigint {
  let x = ((address + offset) & mask) ^ ((generation * generationFactor) & mask);
  x ^= x >> 32n;
  x = (x * mixFactor) & mask;
  return x ^ (x >> 32n);
}

/** `before` with the stamp of a generation over it. */
export function withStamp(
  before: Uint8Array,
  kind: StampKind,
  address: number,
  generation: number,
): Buffer {
  const page = Buffer.from(before);
  if (kind === 'byte') {
    page.writeUInt8(generation % 256, 0);
    return page;
  }
  page.writeBigUInt64LE(BigInt(generation), 0);
  page.writeBigUInt64LE(BigInt(address), 8);
  if (kind === 'wide') return page;
  for (let offset = 16; offset < page.length; offset += 8) {
    page.writeBigUInt64LE(mix(BigInt(address), BigInt(generation), BigInt(offset)), offset);
  }
  return page;
}

/** A page that is stamp from its first byte to its last. */
export const stampedPage = (address: number, generation: number, pageBytes: number): Buffer =>
  withStamp(Buffer.alloc(pageBytes), 'page', address, generation);

/** The generation of a stamped page, modulo 256 where the stamp is a byte. */
export function generationOf(page: Uint8Array, kind: StampKind): number {
  const bytes = Buffer.from(page.buffer, page.byteOffset, page.byteLength);
  return kind === 'byte' ? bytes.readUInt8(0) : Number(bytes.readBigUInt64LE(0));
}
