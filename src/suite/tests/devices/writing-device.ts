/**
 * A device that writes known content to guest memory: what the test of device writes uses of it.
 * The kinds are rows in writing-devices.ts.
 */
import type { WaitOptions } from '../../../model/deadline.js';
import type { Side } from '../../../model/outcome.js';
import type { QtestClient } from '../../../qemu/qtest.js';

/** guest-physical address of a page, and what a device must have left there */
export type Written = ReadonlyMap<number, Buffer>;

export interface WritingDevice extends AsyncDisposable {
  /** QEMU's arguments */
  args(side: Side): string[];
  /** @param queueAt guest memory for its queues, which nothing else uses */
  start(qtest: QtestClient, queueAt: number): Promise<void>;
  /** Makes the device write pages, at most a batch; the batch before must be finished. */
  submit(pages: readonly number[]): Promise<void>;
  /** Waits until all is written. @returns the content of the pages */
  finish(wait: WaitOptions): Promise<Written>;
  /**
   * Continues at the destination, which must finish the open requests; the source still exists,
   * stopped.
   */
  moveTo(qtest: QtestClient): Promise<void>;
  /**
   * Makes the device read pages, if its kind does that, and compares what it sends with this
   * content.
   */
  readBack?(pages: Written, wait: WaitOptions): Promise<void>;
}
