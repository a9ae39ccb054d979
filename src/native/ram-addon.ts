/**
 * What the addon does with the memory of a guest that runs here; declared in native/addon/ram.cc
 * and check.cc.
 */
import type { NativeSliceVerdict } from './image-addon.js';
import type { FileRegion, KernelName, NativeTask, ProcessRegion } from './task.js';

export interface NativeCheckRequest {
  readonly start: number;
  readonly end: number;
  readonly step: number;
  /** runs listed, 8192 when absent; totals are always complete */
  readonly damageLimit?: number;
  /** a `KernelName`; code `bad-argument` for any other */
  readonly kernel?: string;
  readonly threads?: number;
}

export interface NativeWatchRequest {
  readonly address: number;
  /** bytes to compare; 8 bytes are one little-endian number and lie at a multiple of 8 */
  readonly width: 1 | 8;
  /**
   * `advances`: a number that only counts up has grown by `value` since the first read; it may wrap
   */
  readonly until: 'equals' | 'differs' | 'advances';
  readonly value: bigint;
  readonly timeoutMs: number;
}

/** `met` is false when the time ran out; `last` is the value of the last read either way. */
export interface NativeWatchResult {
  readonly met: boolean;
  readonly last: bigint;
  /** growth since the first read; a lower bound, since wraps between two reads are not seen */
  readonly advanced: bigint;
  readonly elapsedMs: number;
}

/** The pages of one writer: `below` of them from `start` on, the others from `above` on. */
export interface NativeWriterSlice {
  readonly start: number;
  readonly below: number;
  readonly above: number;
  readonly pages: number;
}

export interface NativeWriteWatch {
  /** address of the first writer's counter */
  readonly heartbeat: number;
  readonly step: number;
  readonly intervalMs: number;
  /** the first word of each page is its generation; else pages are not counted */
  readonly hasGenerations: boolean;
  readonly slices: readonly NativeWriterSlice[];
}

/** Pairs: milliseconds since 1970, with fractions, and a number that only grows. */
export interface WriteRecord {
  /** what all writers together have counted, at whichever side they run */
  readonly beats: Float64Array;
  /** how many pages they have stamped; sampled less often */
  readonly pages: Float64Array;
}

/**
 * Readable guest memory. Held by every task under way, so `close` never pulls memory from under
 * one.
 */
export interface NativeRam {
  /** how pages are fetched: a mapping, or one of the system calls */
  readonly access: 'mapping' | 'pread' | 'process_vm_readv';
  check(request: NativeCheckRequest): NativeTask<NativeSliceVerdict>;
  read(address: number, length: number): NativeTask<Buffer>;
  watch(request: NativeWatchRequest): NativeTask<NativeWatchResult>;
  /** refuses further calls; repeatable */
  close(): void;
}

export interface NativeRamAddon {
  /** all kernels this processor can run, the slow reference first */
  kernelNames(): KernelName[];
  /** the default */
  defaultKernel(): KernelName;

  /**
   * A file or memfd that holds guest RAM. Mapped when it cannot shrink (sealed, or `mayShrink` is
   * false), else read with pread. The descriptor is duplicated.
   */
  openSharedRam(
    file: number | string,
    regions: readonly FileRegion[],
    mayShrink: boolean,
  ): NativeRam;
  openProcessRam(pid: number, regions: readonly ProcessRegion[]): NativeRam;
  /**
   * Samples a guest's writes at both sides of its migration, by pread, which brings no absent page
   * into being. `cancel` ends it, and the promise resolves with what was recorded.
   */
  watchWrites(
    source: string,
    destination: string,
    regions: readonly FileRegion[],
    request: NativeWriteWatch,
  ): NativeTask<WriteRecord>;
  /**
   * The same verdict on stamps fetched by the caller: byte i belongs to the page at start + i *
   * step.
   */
  checkStamps(stamps: Uint8Array, request: NativeCheckRequest): NativeTask<NativeSliceVerdict>;
}
