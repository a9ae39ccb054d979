/**
 * The one door to native code: loads the addon and declares all that is in it.
 * No checks of ranges and no error classes of ours here; `src/memory` and the probes' callers add those.
 *
 * Every promise of a `NativeTask` is settled from a thread of its own, never from Node's pool.
 * Native errors are plain `Error`s with the fields of `NativeError`.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HarnessError } from '../model/errors.js';
import type { NativeImageAddon } from './image-addon.js';

export type KernelName = 'serial' | 'prefetch';

/** Work under way on a thread of its own. A cancelled task rejects with code `cancelled`, unless it ended first. */
export interface NativeTask<T> {
  readonly promise: Promise<T>;
  cancel(): void;
}

/** The extra fields of an error that came from native code. */
export interface NativeError extends Error {
  readonly code:
    | 'cancelled'
    | 'timed-out'
    | 'bad-argument'
    | 'out-of-range'
    | 'too-small'
    | 'bad-data'
    | 'out-of-memory'
    | 'system';
  /** the system call that failed, for code `system` */
  readonly syscall?: string;
  /** symbolic, such as `EPERM`, for code `system` */
  readonly errno?: string;
  /** the guest address that could not be read, or the offset in an image's file, where there is one */
  readonly address?: number;
}

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

/** Guest addresses [address, address + size) lie in the file from `offset` on. */
export interface FileRegion {
  readonly address: number;
  readonly size: number;
  readonly offset: number;
}

/** Guest addresses [address, address + size) lie in the process from `hostAddress` on. */
export interface ProcessRegion {
  readonly address: number;
  readonly size: number;
  readonly hostAddress: bigint;
}

export interface UserfaultfdProbe {
  readonly available: boolean;
  /** empty when available */
  readonly reason: string;
  readonly threadId: boolean;
}

export interface KvmProbe {
  readonly available: boolean;
  /** empty when available */
  readonly reason: string;
  /** the largest dirty ring, in bytes; 0 for none */
  readonly dirtyRingBytes: number;
}

export interface DirectIoProbe {
  readonly available: boolean;
  /** empty when available */
  readonly reason: string;
}

export type WaitPidResult =
  | { readonly state: 'exited'; readonly code: number }
  | { readonly state: 'signalled'; readonly signal: number }
  | { readonly state: 'running' }
  /** no such process, or not a child of ours, or reaped already */
  | { readonly state: 'not-a-child' };

export interface NativeAddon extends NativeImageAddon {
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

  /**
   * One message on a UNIX socket, carrying descriptors with its first byte. All descriptors are duplicated at the call.
   * The caller sees to it that nothing else writes to the socket meanwhile.
   */
  sendFds(
    socketFd: number,
    data: Uint8Array,
    fds: readonly number[],
    timeoutMs: number,
  ): NativeTask<void>;
  /** a connected UNIX stream pair, close-on-exec */
  socketPair(): [number, number];
  /** anonymous shared memory, close-on-exec, sealed against shrinking */
  memfdCreate(name: string, sizeBytes: number): number;
  /** closes a descriptor that `socketPair` or `memfdCreate` gave */
  closeFd(fd: number): void;
  /**
   * Starts a program (`words[0]`, a path) in a session of its own, without copying this process as Node does. Its
   * descriptor i is a copy of `descriptors[i]`. Nobody waits for it but `waitPid`. @returns its process id
   */
  spawn(
    words: readonly string[],
    environment: readonly string[],
    directory: string,
    descriptors: readonly number[],
  ): number;
  /** Waits for the end of a child, and reaps it. From any thread; Node must not be waiting for it. */
  waitPid(pid: number, timeoutMs: number): NativeTask<WaitPidResult>;

  probeUserfaultfd(): NativeTask<UserfaultfdProbe>;
  probeKvm(): NativeTask<KvmProbe>;
  probeDirectIo(directory: string): NativeTask<DirectIoProbe>;
}

/** dist/native/addon.js and src/native/addon.ts are both two folders below the package's root. */
const packageRoot = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const buildFolder = join(packageRoot, 'build', 'Release');

function missing(what: string, path: string, cause?: unknown): HarnessError {
  const why = cause === undefined ? 'is missing' : `cannot be loaded (${messageOf(cause)})`;
  return new HarnessError({
    code: 'native-unavailable',
    blame: 'host',
    message: `${what} ${why}: ${path}. Build it with 'npm run build:native' in a clone, or 'npx cmake-js@8 build -d ${packageRoot}' anywhere`,
    cause,
  });
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

const loaded = new Map<string, NativeAddon>();

/** Loads the addon, once: calling again costs nothing. `path` is for tests. */
export function loadAddon(path: string = join(buildFolder, 'drover.node')): NativeAddon {
  const before = loaded.get(path);
  if (before !== undefined) return before;
  if (!existsSync(path)) throw missing('the native addon', path);
  try {
    const addon = createRequire(import.meta.url)(path) as NativeAddon;
    loaded.set(path, addon);
    return addon;
  } catch (cause) {
    throw missing('the native addon', path, cause);
  }
}

/** The launcher that ties a child's life to its parent: `drover-exec [--supervise] PARENT_PID PROGRAM ARGS...`. */
export function launcherPath(path: string = join(buildFolder, 'drover-exec')): string {
  if (!existsSync(path)) throw missing('the launcher', path);
  return path;
}
