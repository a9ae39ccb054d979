/** Guest memory behind the addon. Checks first, then one call into native code per operation. */
import type { StampedRange } from '../model/stamps.js';
import type { MemoryVerdict } from '../model/verdict.js';
import type { NativeRam, NativeWatchResult } from '../native/ram-addon.js';
import type { NativeTask } from '../native/task.js';
import { toRamError } from './native-errors.js';
import type { CheckOptions, GuestRam, WatchOptions } from './guest-ram.js';
import type { MemoryImage } from './image.js';
import { requireInside, requirePages, requireWatchable } from './ranges.js';
import type { RamRegion } from '../model/ram-layout.js';
import { checkSlices } from './stamped-check.js';
import { UnderWay, untilAborted } from './in-flight.js';
import { isPlain, toRequest, toVerdict } from './from-native.js';

/** The same memory as an image, in its present state. */
export type OpenAsImage = (signal: AbortSignal | undefined) => Promise<MemoryImage>;

export class NativeGuestRam implements GuestRam {
  readonly source: string;
  readonly #native: NativeRam;
  readonly #extents: readonly RamRegion[];
  readonly #openImage: OpenAsImage;
  readonly #underWay: UnderWay;

  /** `extents` come from `checkedExtents`; `where` names the file or process. */
  constructor(
    native: NativeRam,
    extents: readonly RamRegion[],
    where: string,
    openAsImage: OpenAsImage,
  ) {
    this.source = `${native.access} of ${where}`;
    this.#native = native;
    this.#extents = extents;
    this.#openImage = openAsImage;
    this.#underWay = new UnderWay(this.source);
  }

  async checkStopped(range: StampedRange, options: CheckOptions = {}): Promise<MemoryVerdict> {
    if (!isPlain(range)) {
      return this.#underWay.run(options.signal, async (signal) =>
        checkSlices(range, { ...options, signal }, this.source, this.#openImage),
      );
    }
    requirePages(range);
    requireInside(this.#extents, range.start, range.end);
    const found = await this.#run(options.signal, () =>
      this.#native.check(toRequest(range, options)),
    );
    return toVerdict([found], range, this.source, found.elapsedMs);
  }

  async readBytes(address: number, length: number): Promise<Buffer> {
    requireInside(this.#extents, address, address + length);
    return this.#run(undefined, () => this.#native.read(address, length));
  }

  async watch(options: WatchOptions): Promise<NativeWatchResult> {
    const { address, width, until, value, timeoutMs, signal } = options;
    requireWatchable(address, width, value, timeoutMs);
    requireInside(this.#extents, address, address + width);
    return this.#run(signal, () => this.#native.watch({ address, width, until, value, timeoutMs }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#underWay.close();
    this.#native.close();
  }

  #run<T>(signal: AbortSignal | undefined, start: () => NativeTask<T>): Promise<T> {
    return this.#underWay.run(signal, async (either) => {
      try {
        return await untilAborted(start(), either);
      } catch (error) {
        throw toRamError(error, this.source);
      }
    });
  }
}
