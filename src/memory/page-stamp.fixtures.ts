/**
 * Stamps as a guest writes them (guest/README.md), made the slow way: what tests put into memory.
 */
import type { StampKind } from '../model/stamps.js';

const mask = 2n ** 64n - 1n;
const generationFactor = 0x9e3779b97f4a7c15n;
const mixFactor = 0xd6e8feb86659fd93n;

export function mix(address: bigint, generation: bigint, offset: bigint): bigint {
  let x = ((address + offset) & mask) ^ ((generation * generationFactor) & mask);
  x ^= x >> 32n;
  x = (x * mixFactor) & mask;
  return x ^ (x >> 32n);
}

/** `before` with the stamp of a generation over it. */
export function withStamp(
  before: Buffer,
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
