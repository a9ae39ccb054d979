/**
 * Guest memory read through a function, such as qtest's `read`: the slow twin of the native
 * sources, and the last resort. It reads one byte per page, since a qtest answer costs more per
 * byte than per call, and passes the bytes to the same native verdict.
 */
import type { PageRange, StampedRange } from '../model/stamps.js';
import { setTimeout as sleep } from 'node:timers/promises';
import { HarnessError, contractError } from '../model/errors.js';
import type { MemoryVerdict } from '../model/verdict.js';
import type { NativeWatchResult } from '../native/ram-addon.js';
import { loadAddon } from '../native/addon.js';
import { toRamError } from './native-errors.js';
import type { CheckOptions, GuestRam, WatchOptions } from './guest-ram.js';
import { requirePages, requireWatchable } from './ranges.js';
import { hex } from '../model/text/format.js';
import { UnderWay, untilAborted } from './in-flight.js';
import { isPlain, toRequest, toVerdict } from './from-native.js';

export interface ReaderRamInput {
  /** exactly `size` bytes from a guest address; its rejections reach the caller unchanged */
  readonly read: (address: number, size: number) => Promise<Buffer>;
  readonly source: string;
  /** how many reads are sent at once; more than one only if the reader keeps them in order */
  readonly readsAtOnce?: number;
}

/** Keeps one answer of a text protocol small. */
const largestReadBytes = 65536;

const firstPauseMs = 1;
const longestPauseMs = 10;

export function readerRam(input: ReaderRamInput): GuestRam {
  return new ReaderRam(input);
}

class ReaderRam implements GuestRam {
  readonly source: string;
  readonly #input: ReaderRamInput;
  readonly #underWay: UnderWay;

  constructor(input: ReaderRamInput) {
    this.source = input.source;
    this.#input = input;
    this.#underWay = new UnderWay(input.source);
  }

  async checkStopped(range: StampedRange, options: CheckOptions = {}): Promise<MemoryVerdict> {
    if (!isPlain(range)) {
      throw new HarnessError({
        code: 'process-memory-denied',
        blame: 'host',
        message: `${this.source} is too slow for stamps of this kind, and this host does not allow Drover to read another process's memory; give the guest shared memory, such as a memfd`,
      });
    }
    requirePages(range);
    const startedMs = performance.now();
    return this.#underWay.run(options.signal, async (signal) => {
      const stamps = await this.#stamps(range, signal);
      try {
        const found = await untilAborted(
          loadAddon().checkStamps(stamps, toRequest(range, options)),
          signal,
        );
        return toVerdict([found], range, this.source, performance.now() - startedMs);
      } catch (error) {
        throw toRamError(error, this.source);
      }
    });
  }

  async readBytes(address: number, length: number): Promise<Buffer> {
    return this.#underWay.run(undefined, async (signal) => {
      const parts: Buffer[] = [];
      for (let done = 0; done < length; done += largestReadBytes) {
        signal.throwIfAborted();
        parts.push(await this.#read(address + done, Math.min(largestReadBytes, length - done)));
      }
      return Buffer.concat(parts);
    });
  }

  async watch(options: WatchOptions): Promise<NativeWatchResult> {
    const { address, width, until, value, timeoutMs } = options;
    requireWatchable(address, width, value, timeoutMs);
    const startedMs = performance.now();
    return this.#underWay.run(options.signal, async (signal) => {
      let before: bigint | undefined;
      let advanced = 0n;
      for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
        const bytes = await this.#read(address, width);
        const last = width === 1 ? BigInt(bytes.readUInt8()) : bytes.readBigUInt64LE();
        advanced += BigInt.asUintN(8 * width, last - (before ?? last));
        before = last;
        const met =
          until === 'advances' ? advanced >= value : (last === value) === (until === 'equals');
        const elapsedMs = performance.now() - startedMs;
        if (met || elapsedMs >= timeoutMs) return { met, last, advanced, elapsedMs };
        await sleep(Math.min(pauseMs, timeoutMs - elapsedMs), undefined, { signal });
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#underWay.close();
  }

  async #stamps({ start, end, step }: PageRange, signal: AbortSignal): Promise<Uint8Array> {
    const stamps = new Uint8Array((end - start) / step);
    const atOnce = this.#input.readsAtOnce ?? 1;
    for (let first = 0; first < stamps.length; first += atOnce) {
      signal.throwIfAborted();
      const count = Math.min(atOnce, stamps.length - first);
      const bytes = await Promise.all(
        Array.from({ length: count }, (_, i) => this.#read(start + (first + i) * step, 1)),
      );
      bytes.forEach((byte, i) => {
        stamps[first + i] = byte.readUInt8();
      });
    }
    return stamps;
  }

  async #read(address: number, size: number): Promise<Buffer> {
    const bytes = await this.#input.read(address, size);
    if (bytes.length === size) return bytes;
    throw contractError(
      'ram-short-read',
      `${this.source} gave ${bytes.length} bytes where ${size} were asked for at ${hex(address)}`,
    );
  }
}
