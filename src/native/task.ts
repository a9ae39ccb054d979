/**
 * What all native work has in common: a task, the fields of its errors, the kernels' names, and how
 * regions of guest memory are described.
 */
import type { RamRegion } from '../model/ram-layout.js';

export type KernelName = 'serial' | 'prefetch';

/**
 * Work under way on a thread of its own. A cancelled task rejects with code `cancelled`, unless it
 * ended first.
 */
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
  /**
   * the guest address that could not be read, or the offset in an image's file, where there is one
   */
  readonly address?: number;
}

/** These guest addresses lie in the file from `offset` on. */
export interface FileRegion extends RamRegion {
  readonly offset: number;
}

/** These guest addresses lie in the process from `hostAddress` on. */
export interface ProcessRegion extends RamRegion {
  readonly hostAddress: bigint;
}
