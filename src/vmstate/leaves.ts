/**
 * Shows one field without inner structure, by the type name in the description. A field of an
 * unknown type, or of a size that its type cannot have, is shown as bytes. Pure.
 *
 * Integers up to 32 bits become numbers. Those of 64 bits become text, since most JSON readers
 * round them: unsigned in hexadecimal, signed in decimal.
 */
import type { Json } from '../model/json.js';

type Show = (bytes: Buffer) => Json;

interface Leaf {
  /** exact size, or what a size must be a multiple of for `multiple` */
  readonly sizeBytes: number;
  readonly multiple?: true;
  readonly show: Show;
}

export const hexOf = (bytes: Buffer): string => bytes.toString('hex');

export const hex64 = (value: bigint): string => `0x${value.toString(16).padStart(16, '0')}`;

const unsigned64: Show = (bytes) => hex64(bytes.readBigUInt64BE());
const signed64: Show = (bytes) => bytes.readBigInt64BE().toString();

const leaves: Readonly<Record<string, Leaf>> = {
  uint8: { sizeBytes: 1, show: (bytes) => bytes.readUInt8() },
  uint16: { sizeBytes: 2, show: (bytes) => bytes.readUInt16BE() },
  uint32: { sizeBytes: 4, show: (bytes) => bytes.readUInt32BE() },
  uint64: { sizeBytes: 8, show: unsigned64 },
  int8: { sizeBytes: 1, show: (bytes) => bytes.readInt8() },
  int16: { sizeBytes: 2, show: (bytes) => bytes.readInt16BE() },
  int32: { sizeBytes: 4, show: (bytes) => bytes.readInt32BE() },
  int64: { sizeBytes: 8, show: signed64 },
  // Other values than 0 and 1 are wrong, and shown as bytes.
  bool: { sizeBytes: 1, show: (bytes) => (bytes.readUInt8() > 1 ? hexOf(bytes) : bytes[0] === 1) },
  timer: { sizeBytes: 8, show: showTimer },
  nullptr: { sizeBytes: 1, show: (bytes) => (bytes[0] === 0x30 ? null : hexOf(bytes)) },
  bitmap: { sizeBytes: 8, multiple: true, show: showBitmap },
};

/** `int32 equal` and `uint8 le` are integers that the destination compares with its own. */
const compared = /^(u?int(?:8|16|32|64)) (?:equal|le)$/;

/** undefined if only the bytes can be shown */
export function leafOf(type: string, sizeBytes: number): Show | undefined {
  const name = compared.exec(type)?.[1] ?? type;
  const leaf = Object.hasOwn(leaves, name) ? leaves[name] : undefined;
  if (leaf === undefined) return undefined;
  const fits =
    leaf.multiple === true
      ? sizeBytes > 0 && sizeBytes % leaf.sizeBytes === 0
      : sizeBytes === leaf.sizeBytes;
  return fits ? leaf.show : undefined;
}

/** The timer's expiry, on its own clock; all ones if it is not armed. */
function showTimer(bytes: Buffer): Json {
  const expires = bytes.readBigInt64BE();
  return expires === -1n ? 'not armed' : `${expires} ns`;
}

/** 64-bit words in the order of their bits; runs of set bits as `3-5,9`. */
function showBitmap(bytes: Buffer): Json {
  const bits = bytes.length * 8;
  const isSet = (bit: number): boolean => {
    const inByte = bytes[Math.floor(bit / 64) * 8 + 7 - Math.floor((bit % 64) / 8)] ?? 0;
    return (inByte & (1 << (bit % 8))) !== 0;
  };
  const runs: string[] = [];
  for (let bit = 0; bit < bits; bit++) {
    if (!isSet(bit)) continue;
    const first = bit;
    while (bit + 1 < bits && isSet(bit + 1)) bit += 1;
    runs.push(first === bit ? String(first) : `${first}-${bit}`);
  }
  return { bits, set: runs.join(',') };
}
