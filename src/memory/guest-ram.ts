/**
 * What the rest of Drover knows of guest memory: one interface, whatever way memory is read.
 * Opening it is in `open-ram.ts` (mapped, another process's, a file) and `reader-ram.ts` (qtest).
 */
import type { StampedRange } from '../model/stamps.js';
import type { MemoryVerdict } from '../model/verdict.js';
import type { NativeWatchRequest, NativeWatchResult } from '../native/ram-addon.js';

export type { KernelName } from '../native/task.js';

export interface CheckOptions {
  /** forces a scan kernel of the stamps' kind; only mapped memory has a choice */
  readonly kernel?: string;
  /** scanning threads; default 1, since several guests are checked at once */
  readonly threads?: number;
  /** how many damaged runs the verdict lists; their total is always true */
  readonly damageLimit?: number;
  readonly signal?: AbortSignal;
}

export interface WatchOptions extends NativeWatchRequest {
  readonly signal?: AbortSignal;
}

export interface GuestRam extends AsyncDisposable {
  /** how memory is read, for the record */
  readonly source: string;

  /**
   * The verdict on the stamps in `range`, one for each writer. The guest must be stopped, and no
   * postcopy may be under way: reading a page that has not arrived would create it.
   */
  checkStopped(range: StampedRange, options?: CheckOptions): Promise<MemoryVerdict>;

  /** Bytes as they are at this moment; on a running guest they may belong to different moments. */
  readBytes(address: number, length: number): Promise<Buffer>;

  /**
   * Waits until memory of a running or stopped guest holds a value, no longer holds it, or was
   * counted up by it.
   */
  watch(options: WatchOptions): Promise<NativeWatchResult>;
}
