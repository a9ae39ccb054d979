/**
 * Watches a guest's writes while it migrates, in a thread of its own. Only memory in shared files:
 * reading absent pages of a destination's private memory would break postcopy.
 */
import { loadAddon } from '../../native/addon.js';
import type { WriteRecord } from '../../native/ram-addon.js';
import type { NativeTask } from '../../native/task.js';
import { slicesOf } from '../../model/stamps.js';
import { sharedRamFile } from '../../qemu/ram.js';
import type { TestMachine } from '../context.js';

/** a sample costs tens of microseconds, most of them for waking up */
const intervalMs = 1;

export class GuestWatch implements AsyncDisposable {
  private constructor(private readonly task: NativeTask<WriteRecord>) {
    task.promise.catch(() => undefined);
  }

  /** undefined where the guest does not count, or a side has private memory */
  static start(from: TestMachine, to: TestMachine): GuestWatch | undefined {
    const { platform, stamped } = from.context;
    const files = [sharedRamFile(from), sharedRamFile(to)] as const;
    const [source, destination] = files;
    if (platform.heartbeatAddress === undefined) return undefined;
    if (source === undefined || destination === undefined) return undefined;
    const { step, stamp } = stamped;
    const slices = slicesOf(stamped).map(({ start, end, hole, pages }) => ({
      start,
      below: hole === undefined ? pages : (hole.start - start) / step,
      above: hole?.end ?? end,
      pages,
    }));
    return new GuestWatch(
      loadAddon().watchWrites(source.path, destination.path, source.regions, {
        heartbeat: platform.heartbeatAddress,
        step,
        intervalMs,
        // a stamp of one byte cannot be distinguished from a page that is absent
        hasGenerations: stamp !== undefined && stamp !== 'byte',
        slices,
      }),
    );
  }

  async stop(): Promise<WriteRecord> {
    this.task.cancel();
    return await this.task.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop().catch(() => undefined);
  }
}
