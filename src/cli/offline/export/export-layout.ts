/**
 * The files that `drover export` writes: raw memory, ELF cores as the System V ABI defines them,
 * and LiME's format of version 1. What comes before and between the memory, and where each stretch
 * of memory lies in the file. Pure.
 */
import type { Range } from '../../../model/text/sizes.js';
import { machineX86_64 } from './elf-target.js';
import type { ElfTarget } from './elf-target.js';

export const exportFormats = ['raw', 'elf', 'lime'] as const;
export type ExportFormat = (typeof exportFormats)[number];

export interface ExportLayout {
  readonly fileBytes: number;
  /** headers, by their offsets in the file */
  readonly headers: readonly { readonly offset: number; readonly bytes: Buffer }[];
  /** offset of each stretch in the file */
  readonly offsets: readonly number[];
  /** ELF: the headers again, with a kernel's note in the room that they have for one */
  readonly withNote?: (note: Buffer) => Buffer;
}

/** @param stretches guest addresses, in order; not empty, and none touches another */
export function exportLayout(
  format: ExportFormat,
  stretches: readonly Range[],
  target: ElfTarget,
): ExportLayout {
  switch (format) {
    case 'raw': {
      const offsets = stretches.map(({ start }) => start);
      return { fileBytes: stretches.at(-1)?.end ?? 0, headers: [], offsets };
    }
    case 'elf':
      return elfLayout(stretches, target);
    case 'lime':
      return limeLayout(stretches);
  }
}

const limeHeaderBytes = 32;

function limeLayout(stretches: readonly Range[]): ExportLayout {
  let offset = 0;
  const offsets: number[] = [];
  const headers = stretches.map(({ start, end }) => {
    const bytes = Buffer.alloc(limeHeaderBytes);
    bytes.writeUInt32LE(0x4c694d45, 0);
    bytes.writeUInt32LE(1, 4);
    bytes.writeBigUInt64LE(BigInt(start), 8);
    bytes.writeBigUInt64LE(BigInt(end - 1), 16);
    const header = { offset, bytes };
    offsets.push(offset + limeHeaderBytes);
    offset += limeHeaderBytes + end - start;
    return header;
  });
  return { fileBytes: offset, headers, offsets };
}

const elfHeaderBytes = 64;
const programHeaderBytes = 56;
const sectionHeaderBytes = 64;
const alignment = 4096;
/** PN_XNUM: the number of program headers is in the first section header */
const countIsElsewhere = 0xffff;
const [typeCore, typeLoad, typeNote] = [4, 1, 4];

/** for the note of a kernel, which has a page of text */
export const noteBytes = 8192;

interface KernelImage {
  readonly virtual: bigint;
  readonly address: number;
  readonly bytes: number;
}

/** where x86-64 Linux maps its own image */
const [imageStart, imageEnd] = [0xffffffff80000000n, 0xffffffffc0000000n];

/**
 * Where the image lies, by the kernel's note. As in a kdump, it is listed a second time, with
 * virtual addresses.
 */
function kernelImage(note: Buffer, stretches: readonly Range[]): KernelImage | undefined {
  const text = note.toString('latin1');
  const base = /^NUMBER\(phys_base\)=(-?\d{1,15})$/m.exec(text)?.[1];
  const start = /^SYMBOL\(_stext\)=(f{8}[89ab][\da-f]{7})$/m.exec(text)?.[1];
  if (base === undefined || start === undefined) return undefined;
  const virtual = BigInt(`0x${start}`);
  const address = Number(virtual - imageStart) + Number(base);
  const stretch = stretches.find((one) => one.start <= address && address < one.end);
  if (stretch === undefined) return undefined;
  return { virtual, address, bytes: Math.min(stretch.end - address, Number(imageEnd - virtual)) };
}

/**
 * An ELF core of class 64: a PT_NOTE, empty at first, and a PT_LOAD for each stretch; of x86-64 one
 * more header, which stays a PT_NULL unless a kernel is found.
 */
function elfLayout(stretches: readonly Range[], target: ElfTarget): ExportLayout {
  const count = stretches.length + (target.machine === machineX86_64 ? 2 : 1);
  const isLong = count >= countIsElsewhere;
  const sections = elfHeaderBytes + programHeaderBytes * count;
  const notes = sections + (isLong ? sectionHeaderBytes : 0);
  const head = new Fields(notes + noteBytes, target.bigEndian);
  head.bytes.write('\x7fELF\x02', 'latin1');
  head.bytes[5] = target.bigEndian ? 2 : 1;
  head.bytes[6] = 1;
  for (const [at, value] of [
    [16, typeCore],
    [18, target.machine],
    [52, elfHeaderBytes],
    [54, programHeaderBytes],
    [56, isLong ? countIsElsewhere : count],
    [58, isLong ? sectionHeaderBytes : 0],
    [60, isLong ? 1 : 0],
  ] as const) {
    head.u16(at, value);
  }
  head.u32(20, 1);
  head.u64(32, elfHeaderBytes);
  head.u64(40, isLong ? sections : 0);
  if (isLong) head.u32(sections + 44, count);
  head.u32(elfHeaderBytes, typeNote);
  head.u64(elfHeaderBytes + 8, notes);
  let end = head.bytes.length;
  const offsets = stretches.map((stretch, index) => {
    const at = elfHeaderBytes + programHeaderBytes * (index + 1);
    const bytes = stretch.end - stretch.start;
    const offset = Math.ceil(end / alignment) * alignment;
    // As QEMU's dumps without paging: the virtual address is the physical one.
    head.load(at, { offset, virtual: BigInt(stretch.start), address: stretch.start, bytes });
    end = offset + bytes;
    return offset;
  });
  const withNote = (note: Buffer): Buffer => {
    note.copy(head.bytes, notes);
    head.u64(elfHeaderBytes + 32, note.length);
    const kernel = target.machine === machineX86_64 ? kernelImage(note, stretches) : undefined;
    if (kernel === undefined) return head.bytes;
    const inside = stretches.findIndex((one) => kernel.address < one.end);
    const offset = (offsets[inside] ?? 0) + kernel.address - (stretches[inside]?.start ?? 0);
    head.load(sections - programHeaderBytes, { ...kernel, offset });
    return head.bytes;
  };
  return { fileBytes: end, headers: [{ offset: 0, bytes: head.bytes }], offsets, withNote };
}

/** Numbers in the byte order of the guest. */
class Fields {
  readonly bytes: Buffer;

  constructor(
    length: number,
    readonly bigEndian: boolean,
  ) {
    this.bytes = Buffer.alloc(length);
  }

  u16(at: number, value: number): void {
    if (this.bigEndian) this.bytes.writeUInt16BE(value, at);
    else this.bytes.writeUInt16LE(value, at);
  }

  u32(at: number, value: number): void {
    if (this.bigEndian) this.bytes.writeUInt32BE(value, at);
    else this.bytes.writeUInt32LE(value, at);
  }

  /** a PT_LOAD */
  load(at: number, { offset, virtual, address, bytes }: KernelImage & { offset: number }): void {
    this.u32(at, typeLoad);
    [offset, virtual, address, bytes, bytes].forEach((value, index) => {
      this.u64(at + 8 + 8 * index, value);
    });
  }

  u64(at: number, value: number | bigint): void {
    if (this.bigEndian) this.bytes.writeBigUInt64BE(BigInt(value), at);
    else this.bytes.writeBigUInt64LE(BigInt(value), at);
  }
}

/**
 * The VMCOREINFO note that `head` begins with, in the guest's byte order; undefined where it only
 * looks like one.
 *
 * @param head `noteBytes` from where the note may be
 */
export function kernelNote(head: Buffer, { bigEndian }: ElfTarget): Buffer | undefined {
  const number = (at: number): number =>
    bigEndian ? head.readUInt32BE(at) : head.readUInt32LE(at);
  const [nameBytes, textBytes, type] = [number(0), number(4), number(8)];
  const length = 24 + Math.ceil(textBytes / 4) * 4;
  return nameBytes === 11 && type === 0 && length <= head.length
    ? head.subarray(0, length)
    : undefined;
}
