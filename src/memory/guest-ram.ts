/**
 * What the rest of Drover knows of guest memory: one interface, whatever way memory is read.
 * Opening it is in `open-ram.ts` (mapped, another process's, a file) and `reader-ram.ts` (qtest).
 */
import type { PageRange, StampedRange } from '../model/stamps.js';
import type { ByteVerdict, SlicesVerdict } from '../model/verdict.js';
import type { KernelName } from '../native/task.js';
import type { VerifyKernelName } from '../native/image-addon.js';

export type { KernelName } from '../native/task.js';

export interface CheckOptions {
  /** forces a scan kernel of the stamps' kind; only mapped memory has a choice */
  readonly kernel?: KernelName | VerifyKernelName | undefined;
  /** scanning threads; 1 unless told, since several guests are checked at once */
  readonly threads?: number | undefined;
  /** how many damaged runs the verdict lists; their total is always true */
  readonly damagedRunLimit?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface WatchOptions {
  readonly address: number;
  /** bytes to compare; 8 bytes are one little-endian number and lie at a multiple of 8 */
  readonly width: 1 | 8;
  /** `advances`: a number that only counts up has grown by `value` since the first look; it may wrap */
  readonly until: 'equals' | 'differs' | 'advances';
  readonly value: bigint;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** `met` is false when the time ran out; `last` is the value seen last either way. */
export interface WatchResult {
  readonly met: boolean;
  readonly last: bigint;
  /** by how much it grew since the first look; should it have wrapped between two looks, by less than in truth */
  readonly advanced: bigint;
  readonly elapsedMs: number;
}

export interface GuestRam extends AsyncDisposable {
  /** how memory is read, for the record */
  readonly source: string;

  /**
   * The verdict on one writer's stamps of kind `byte` in `range`. The guest must be stopped, and no postcopy may be under way:
   * pages that have not arrived would be brought into being by reading them.
   */
  checkStopped(range: PageRange, options?: CheckOptions): Promise<ByteVerdict>;

  /** The same for stamps of any kind and any number of writers, each judged on its own. */
  checkSlicesStopped(range: StampedRange, options?: CheckOptions): Promise<SlicesVerdict>;

  /** Bytes as they are at this moment; on a running guest they may belong to different moments. */
  readBytes(address: number, length: number): Promise<Buffer>;

  /** Waits until memory of a running or stopped guest holds a value, no longer holds it, or was counted up by it. */
  watch(options: WatchOptions): Promise<WatchResult>;
}
