/**
 * A device that writes known content into guest memory by itself, whatever its kind: what the test of device writes needs
 * of it. The kinds are rows in writing-devices.ts.
 */
import type { WaitOptions } from '../../../model/deadline.js';
import type { Side } from '../../../model/outcome.js';
import type { QtestClient } from '../../../qemu/qtest.js';

/** guest-physical address of a page, and what a device must have left there */
export type Written = ReadonlyMap<number, Buffer>;

export interface WritingDevice extends AsyncDisposable {
  /** what QEMU is started with */
  args(side: Side): string[];
  /** @param queueAt guest memory for its queues, that nobody else uses */
  start(qtest: QtestClient, queueAt: number): Promise<void>;
  /** Makes the device write pages, at most a batch; those before must be finished. */
  submit(pages: readonly number[]): Promise<void>;
  /** Waits until all is written, and tells what is in those pages now. */
  finish(wait: WaitOptions): Promise<Written>;
  /** From here on at the destination, where it must finish what was under way; the source is stopped, and still there. */
  moveTo(qtest: QtestClient): Promise<void>;
  /** Makes the device read pages with this content, where its kind does, and compares at its other end. */
  readBack?(pages: Written, wait: WaitOptions): Promise<void>;
}
