/** Reads bytes from front to back, in network order. Pure. */
import type { Json } from '../model/json.js';
import { hexOf } from './leaves.js';

/** The bytes are not what a description or a layout says. */
export class Misfit extends Error {
  readonly offset: number;

  constructor(text: string, offset: number) {
    super(text);
    this.offset = offset;
  }
}

export class Cursor {
  readonly bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  /** @throws Misfit if fewer bytes are left */
  take(sizeBytes: number): Buffer {
    if (sizeBytes > this.left) throw new Misfit('it ends too early', this.at);
    const bytes = this.bytes.subarray(this.at, this.at + sizeBytes);
    this.at += sizeBytes;
    return bytes;
  }

  u8(): number {
    return this.take(1).readUInt8();
  }

  u16(): number {
    return this.take(2).readUInt16BE();
  }

  u32(): number {
    return this.take(4).readUInt32BE();
  }

  u64(): bigint {
    return this.take(8).readBigUInt64BE();
  }

  hex(sizeBytes: number): string {
    return hexOf(this.take(sizeBytes));
  }

  /** A truth value; any byte but 0 and 1 is shown as it is, since it is wrong. */
  bool(): Json {
    const value = this.u8();
    return value > 1 ? value : value === 1;
  }
}

export interface SubsectionHeader {
  readonly name: string;
  /** where the subsection's own bytes begin */
  readonly end: number;
}

const subsectionMark = 0x05;

/** undefined if no subsection begins there */
export function subsectionAt(bytes: Buffer, at: number): SubsectionHeader | undefined {
  const nameEnd = at + 2 + (bytes[at + 1] ?? 0);
  const end = nameEnd + 4;
  if (bytes[at] !== subsectionMark || end > bytes.length) return undefined;
  return { name: bytes.toString('latin1', at + 2, nameEnd), end };
}
