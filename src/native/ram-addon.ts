/** What the addon does with the memory of a guest that runs here; declared in native/addon/ram.cc and check.cc. */
import type { FileRegion, KernelName, NativeTask, ProcessRegion } from './task.js';

export interface NativeCheckRequest {
  readonly start: number;
  readonly end: number;
  readonly step: number;
  readonly damagedRunLimit: number;
  readonly kernel?: KernelName | undefined;
  readonly threads?: number | undefined;
}

export interface NativeDamagedRun {
  readonly start: number;
  readonly end: number;
  readonly pages: number;
  readonly expected: number;
  readonly found: number;
}

export interface NativeVerdict {
  readonly pages: number;
  readonly generation: number;
  readonly edge: number | null;
  readonly damagedPages: number;
  readonly damagedRuns: number;
  readonly damage: NativeDamagedRun[];
  readonly upstreamLines: string[];
  /** a kernel's name for mapped memory, else the system call that fetched the stamps */
  readonly kernel: string;
  readonly elapsedMs: number;
}

export interface NativeWatchRequest {
  readonly address: number;
  readonly width: 1 | 8;
  readonly until: 'equals' | 'differs' | 'advances';
  readonly value: bigint;
  readonly timeoutMs: number;
}

export interface NativeWatchResult {
  readonly met: boolean;
  readonly last: bigint;
  readonly advanced: bigint;
  readonly elapsedMs: number;
}

/** Readable guest memory. Held by every task under way, so `close` never pulls memory from under one. */
export interface NativeRam {
  /** how pages are fetched: a mapping, or one of the system calls */
  readonly access: 'mapping' | 'pread' | 'process_vm_readv';
  check(request: NativeCheckRequest): NativeTask<NativeVerdict>;
  read(address: number, length: number): NativeTask<Buffer>;
  watch(request: NativeWatchRequest): NativeTask<NativeWatchResult>;
  /** refuses further calls; repeatable */
  close(): void;
}

export interface NativeRamAddon {
  /** all kernels this processor can run, the slow reference first */
  kernelNames(): KernelName[];
  /** the one used when none is asked for */
  defaultKernel(): KernelName;

  /**
   * A file or memfd that holds guest RAM. Mapped when it cannot shrink (sealed, or `mayShrink` is false),
   * else read with pread. The descriptor is duplicated.
   */
  openSharedRam(
    file: number | string,
    regions: readonly FileRegion[],
    mayShrink: boolean,
  ): NativeRam;
  openProcessRam(pid: number, regions: readonly ProcessRegion[]): NativeRam;
  /** The same verdict on stamps fetched by the caller: byte i belongs to the page at start + i * step. */
  checkStamps(stamps: Uint8Array, request: NativeCheckRequest): NativeTask<NativeVerdict>;
}
