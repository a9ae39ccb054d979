/**
 * What the addon knows of images: guest RAM as files hold it (raw memory, dumps, migration
 * streams). Types alone; `addon.ts` loads the addon. Addresses, offsets, counts and generations are
 * numbers, exact below 2^53.
 */
import type { Slice, StampKind } from '../model/stamps.js';
import type { PageDamage, SliceVerdict } from '../model/verdict.js';
import type { StreamReport } from './stream-report.js';
import type { NativeTask, ProcessRegion } from './task.js';

export type ImageFormat = 'raw' | 'elf' | 'kdump' | 'win-dmp' | 'lime' | 'stream';
export type VerifyKernelName = 'serial' | 'avx2' | 'avx512' | 'neon';

/**
 * A task that can be asked how far it is: bytes of input for `openImage`, pages for all others.
 * Total 0: not known yet.
 */
export interface NativeImageTask<T> extends NativeTask<T> {
  progress(): { readonly done: number; readonly total: number };
}

/** Guest addresses [address, address + length) are the block's bytes from `blockOffset` on. */
export interface NativePlace {
  readonly address: number;
  readonly blockOffset: number;
  readonly length: number;
}

export interface NamedPlace {
  readonly block: string;
  readonly address: number;
  readonly length: number;
}

export interface NativeOpenOptions {
  /** found out from the file when absent */
  readonly format?: ImageFormat;
  /** where the stream, or raw memory, starts in the file */
  readonly fileOffset?: number;
  readonly pageBytes?: number;
  /** raw memory: guest address of its first byte */
  readonly rawAddress?: number;
  /** raw memory and main RAM blocks: where they are seen, instead of what the machine says */
  readonly places?: readonly NativePlace[];
  /**
   * where blocks are seen, by name; wins over all else. A block's pieces follow each other; length
   * 0: the rest of it
   */
  readonly named?: readonly NamedPlace[];
  /** such as `pc-q35-10.0` or `q35`, where the file does not tell */
  readonly machine?: string;
  readonly arch?: string;
  /** keep what could be read in spite of an error */
  readonly salvage?: boolean;
  readonly temporaryFolder?: string;
  /**
   * the only file is still being written, from its start to its end, until `written()` of the task
   * is called
   */
  readonly growing?: boolean;
}

export interface NativeOpening extends NativeImageTask<NativeOpened> {
  /** of a file that grows: all of it is there */
  written(): void;
}

/** Why a file cannot be read as what it seems to be. */
export interface NativeProblem {
  /**
   * unsupported: nothing is broken, it is something else than what can be read; the reason says
   * what to do
   */
  readonly kind: 'unsupported' | 'broken';
  readonly reason: string;
  /** index of the file */
  readonly input: number;
  readonly offset: number;
}

export interface NativeOpened {
  readonly format: ImageFormat;
  /** null when there is a problem and `salvage` was not asked for */
  readonly image: NativeImage | null;
  readonly problem: NativeProblem | null;
}

export interface NativeBlock {
  /** one character per byte of the name as the file has it: escape before printing */
  readonly name: string;
  readonly length: number;
  readonly pageBytes: number;
  readonly places: readonly NativePlace[];
  /**
   * memory of the guest itself, such as RAM or a DIMM; not a device's ROM, flash or video memory
   */
  readonly mainMemory: boolean;
  /** listed in the file, but its content is not in the file */
  readonly contentElsewhere: boolean;
}

export type NativeSlice = Pick<Slice, 'start' | 'end' | 'hole'>;

export interface NativeImageCheckRequest {
  readonly level: StampKind;
  /** slices are guest addresses, or offsets in this block (an index) when one is named */
  readonly block?: number;
  /** guest address of that block's offset 0, for address words; 0 when absent */
  readonly blockAddress?: number;
  /** each writer's range; judged on its own */
  readonly slices: readonly NativeSlice[];
  /** bytes between stamps; at level page also the stamped length (a multiple of 64) */
  readonly step: number;
  /** runs kept per slice, 8192 when absent; totals are always complete */
  readonly damageLimit?: number;
  /** cells of the map over each slice; 0 or absent: no map */
  readonly mapCells?: number;
  /** a `VerifyKernelName` at level page, else a `KernelName`; code `bad-argument` for any other */
  readonly kernel?: string;
  readonly threads?: number;
}

/** Addresses are those of the request. */
export interface NativePageDamage extends PageDamage {
  /** index of the block and the place in it of the first page */
  readonly block: number;
  readonly blockOffset: number;
}

/** A map's cells, four numbers each: pages with data, zero, absent, damaged. */
export interface NativePageMap {
  readonly pagesPerCell: number;
  readonly cells: Float64Array;
}

export interface NativeSliceVerdict extends SliceVerdict {
  readonly level: StampKind;
  readonly step: number;
  readonly damage: readonly NativePageDamage[];
  readonly map: NativePageMap | null;
  /** a kernel's name; for live memory that is not mapped the system call that fetched the stamps */
  readonly kernel: string;
  readonly elapsedMs: number;
}

export interface NativeBlockStatistics {
  readonly pages: number;
  readonly absent: number;
  readonly zero: number;
  readonly filled: number;
  readonly stored: number;
  readonly packed: number;
  /**
   * pages with every byte 0, whatever their kind and not counting absent ones; null when content
   * was not asked for
   */
  readonly zeroContent: number | null;
}

/** Pages that differ: neighbours of one kind in one run. */
export interface NativeDifference {
  /** guest address, or offset in the block */
  readonly start: number;
  readonly end: number;
  readonly pages: number;
  readonly kind: 'content' | 'absent-in-first' | 'absent-in-second';
  /** content: where in the first page of the run the first differing byte lies, and both bytes */
  readonly byteOffset: number | null;
  readonly first: number | null;
  readonly second: number | null;
}

/** Each side is a block (an index) from an offset on, or guest memory (null) from an address on. */
export interface NativeDiffRequest {
  readonly firstBlock: number | null;
  readonly firstStart: number;
  readonly secondBlock: number | null;
  readonly secondStart: number;
  readonly length: number;
  /** runs kept, 8192 when absent; totals are always complete */
  readonly limit?: number;
  /** absent pages count as zero ones */
  readonly absentIsZero?: boolean;
}

export interface NativeDiff {
  /** the smaller page size of the two sides; what `pages` counts */
  readonly pageBytes: number;
  readonly pages: number;
  readonly differentPages: number;
  readonly differentRuns: number;
  /** pages of kind content: bytes that differ in all of them together */
  readonly differentBytes: number;
  readonly absentInFirst: number;
  readonly absentInSecond: number;
  /** pages that were not compared: neither side holds them */
  readonly absentInBoth: number;
  readonly runs: NativeDifference[];
}

/** bytes */
export interface NativeExtracted {
  /** of pages that are not zero */
  readonly written: number;
  /** that the image does not hold */
  readonly absent: number;
  /**
   * offsets in the file of pages that begin like the VMCOREINFO note of a Linux kernel, 16 at most
   */
  readonly kernelNotes: readonly number[];
}

/**
 * Guest RAM as files hold it. Held by every task under way, so `close` never pulls it from under
 * one.
 */
export interface NativeImage {
  readonly format: ImageFormat;
  readonly blocks: readonly NativeBlock[];
  /** memory the page index takes */
  readonly indexBytes: number;
  /** null for everything but a migration stream */
  readonly report: StreamReport | null;
  /**
   * one verdict for each slice; code `out-of-range` with the address where the image maps nothing
   */
  check(request: NativeImageCheckRequest): NativeImageTask<NativeSliceVerdict[]>;
  /** `content`: also read the pages, to count those that are all zero */
  statistics(block: number, content: boolean): NativeImageTask<NativeBlockStatistics>;
  /** pages by kind in at most `cells` cells; without a check nothing is damaged */
  pageMap(block: number, cells: number): NativeImageTask<NativePageMap>;
  diff(other: NativeImage, request: NativeDiffRequest): NativeImageTask<NativeDiff>;
  /**
   * Writes ranges of blocks to an open, empty file, which gets `fileBytes`; zero and absent pages
   * become holes. Four numbers a range: index of the block, start in it, length, offset in the
   * file.
   */
  extract(
    ranges: Float64Array,
    fileBytes: number,
    fd: number,
    threads: number,
  ): NativeImageTask<NativeExtracted>;
  /**
   * what the image holds of [start, end) of a block, in order: a start and an end for each range
   */
  heldRanges(block: number, start: number, end: number): NativeImageTask<Float64Array>;
  /**
   * where pages of a block lie in a file as they are, in order: four numbers for neighbours that
   * follow each other there, start in the block, length, index of the file, offset in it
   */
  storedRanges(block: number): NativeImageTask<Float64Array>;
  /**
   * Fills `into`, of up to 1 GiB, with bytes of a block. Nobody may use or transfer it before the
   * task has ended. Resolves to how many of them lie in absent pages; those read as zero.
   */
  readBytes(block: number, offset: number, into: Uint8Array): NativeImageTask<number>;
  /**
   * the same with bytes of an input file as they are: device state, the stream's own description
   */
  readInput(input: number, offset: number, into: Uint8Array): NativeImageTask<void>;
  /** refuses further calls; repeatable */
  close(): void;
}

export interface NativeImageAddon {
  /**
   * Files of one image: a single one, or a migration stream with its channels. Descriptors are
   * opened again.
   */
  openImage(files: readonly (number | string)[], options: NativeOpenOptions): NativeOpening;
  /**
   * Anonymous memory of a process whose guest is stopped, as an image with one block per region.
   */
  openProcessImage(pid: number, regions: readonly ProcessRegion[], pageBytes: number): NativeImage;
  /** all kernels of level `page` that this processor can run, the slow reference first */
  verifyKernelNames(): VerifyKernelName[];
  defaultVerifyKernel(): VerifyKernelName;
}
