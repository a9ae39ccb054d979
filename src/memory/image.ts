/**
 * Guest RAM as files hold it: a raw image, a dump, a migration stream with its channels, or the anonymous memory of a
 * process whose guest is stopped. One interface, so that checks, comparison and extraction know no formats.
 */
import { createHash } from 'node:crypto';
import os from 'node:os';
import { HarnessError } from '../model/errors.js';
import { loadAddon } from '../native/addon.js';
import type { NativeAddon } from '../native/addon.js';
import type { ProcessRegion } from '../native/task.js';
import type {
  ImageFormat,
  NativeBlock,
  NativeBlockStatistics,
  NativeDiff,
  NativeDiffRequest,
  NativeExtracted,
  NativeImage,
  NativeImageCheckRequest,
  NativeImageTask,
  NativeOpenOptions,
  NativeOpening,
  NativePageMap,
  NativeProblem,
  NativeSliceVerdict,
} from '../native/image-addon.js';
import { problemOf } from './image-problem.js';
import { isNative, toRamError } from './native-errors.js';
import { openBehindWriter, runImageTask } from './image-work.js';
import type { WorkOptions, Writer } from './image-work.js';
import type { StreamReport } from '../native/stream-report.js';
import { hex } from '../model/text/format.js';
import type { Range } from '../model/text/sizes.js';

export type OpenImageOptions = NativeOpenOptions;

/** [start, end) of a block, and where it goes in a file */
export interface CopiedRange extends Range {
  readonly block: number;
  readonly fileOffset: number;
}

/** [start, end) of a block, whose bytes lie in the file of this number from an offset on */
export interface StoredRange extends Range {
  readonly input: number;
  readonly fileOffset: number;
}

/** A path, or a descriptor and how people know it. A descriptor may be closed once the image is open. */
export type ImageFile = string | { readonly file: number | string; readonly label: string };

/**
 * Files of one image: a single one, or a migration stream and its channels in any order.
 * @param writer where the only file is still being written
 */
export async function openImage(
  files: readonly ImageFile[],
  options: OpenImageOptions = {},
  work: WorkOptions = {},
  writer?: Writer,
): Promise<MemoryImage> {
  const label = files.map(labelOf).join(', ');
  const inputs = files.map((each) => (typeof each === 'string' ? each : each.file));
  const growing = writer !== undefined;
  const start = (): NativeOpening => loadAddon().openImage(inputs, { ...options, growing });
  const opened =
    writer !== undefined
      ? await openBehindWriter(writer, start, label, work)
      : await runImageTask(start, label, work);
  if (opened.image === null) {
    throw problemOf(files.map(labelOf), opened, options.salvage === true);
  }
  return new MemoryImage(opened.image, label, opened.problem);
}

function labelOf(file: ImageFile): string {
  return typeof file === 'string' ? file : file.label;
}

/** Anonymous memory of a process, one block per region. The guest must be stopped, or reads are of different moments. */
export function openStoppedProcess(
  pid: number,
  regions: readonly ProcessRegion[],
  pageBytes: number,
  addon: NativeAddon = loadAddon(),
): MemoryImage {
  const where = `process ${pid}`;
  try {
    return new MemoryImage(addon.openProcessImage(pid, regions, pageBytes), where, null);
  } catch (error) {
    throw toRamError(error, where);
  }
}

const hashedPiece = 4 * 1024 ** 2;

function* piecesOf(ranges: readonly Range[]): Generator<Range, undefined> {
  for (const { start, end } of ranges) {
    for (let at = start; at < end; at += hashedPiece) {
      yield { start: at, end: Math.min(at + hashedPiece, end) };
    }
  }
  return undefined;
}

export class MemoryImage implements Disposable {
  readonly label: string;
  readonly format: ImageFormat;
  readonly blocks: readonly NativeBlock[];
  /** null for everything but a migration stream */
  readonly report: StreamReport | null;
  /** the damage that `salvage` ignored */
  readonly problem: NativeProblem | null;
  readonly #native: NativeImage;

  constructor(native: NativeImage, label: string, problem: NativeProblem | null) {
    this.#native = native;
    this.label = label;
    this.problem = problem;
    this.format = native.format;
    this.blocks = native.blocks;
    this.report = native.report;
  }

  /** memory that the page index takes */
  get indexBytes(): number {
    return this.#native.indexBytes;
  }

  /** One verdict for each slice. */
  async check(
    request: NativeImageCheckRequest,
    work: WorkOptions = {},
  ): Promise<NativeSliceVerdict[]> {
    return await this.#run(() => this.#native.check(request), work);
  }

  async statistics(
    block: number,
    content: boolean,
    work: WorkOptions = {},
  ): Promise<NativeBlockStatistics> {
    return await this.#run(() => this.#native.statistics(block, content), work);
  }

  /**
   * SHA-256 in hexadecimal of a block, or of ranges in it one after another; null if the image does not hold all of them.
   * Progress in bytes.
   */
  async hash(
    block: number,
    ranges: readonly Range[] | undefined,
    { signal, onProgress }: WorkOptions = {},
  ): Promise<string | null> {
    const wanted = ranges ?? [{ start: 0, end: this.blocks[block]?.length ?? 0 }];
    const total = wanted.reduce((sum, { start, end }) => sum + end - start, 0);
    const hash = createHash('sha256');
    // The next piece is read while this one is hashed.
    let [piece, next] = [Buffer.allocUnsafeSlow(hashedPiece), Buffer.allocUnsafeSlow(hashedPiece)];
    const pieces = piecesOf(wanted);
    const read = async (into: Buffer): Promise<Buffer | null | undefined> => {
      const { value } = pieces.next();
      if (value === undefined) return undefined;
      const bytes = into.subarray(0, value.end - value.start);
      const start = (): NativeImageTask<number> =>
        this.#native.readBytes(block, value.start, bytes);
      const absent = await this.#run(start, { signal });
      return absent === 0 ? bytes : null;
    };
    let reading = read(piece);
    let done = 0;
    for (;;) {
      const bytes = await reading;
      if (bytes === null) return null;
      if (bytes === undefined) return hash.digest('hex');
      reading = read(next);
      hash.update(bytes);
      [piece, next] = [next, piece];
      done += bytes.length;
      onProgress?.(done, total);
    }
  }

  async pageMap(block: number, cells: number, work: WorkOptions = {}): Promise<NativePageMap> {
    return await this.#run(() => this.#native.pageMap(block, cells), work);
  }

  async diff(
    other: MemoryImage,
    request: NativeDiffRequest,
    work: WorkOptions = {},
  ): Promise<NativeDiff> {
    return await this.#run(() => this.#native.diff(other.#native, request), work);
  }

  /** Writes ranges of blocks to an open, empty file; what is zero, and what the image does not hold, becomes holes. */
  async extract(
    ranges: readonly CopiedRange[],
    { fd, fileBytes }: { readonly fd: number; readonly fileBytes: number },
    work: WorkOptions = {},
  ): Promise<NativeExtracted> {
    const numbers = ranges.flatMap(({ block, start, end, fileOffset }) => [
      block,
      start,
      end - start,
      fileOffset,
    ]);
    const threads = os.availableParallelism();
    const all = Float64Array.from(numbers);
    return await this.#run(() => this.#native.extract(all, fileBytes, fd, threads), work);
  }

  /** What the image holds of [start, end) of a block, in order. */
  async heldRanges(block: number, { start, end }: Range, work: WorkOptions = {}): Promise<Range[]> {
    const numbers = await this.#run(() => this.#native.heldRanges(block, start, end), work);
    const held: Range[] = [];
    for (let index = 0; index < numbers.length; index += 2) {
      held.push({ start: numbers[index] ?? 0, end: numbers[index + 1] ?? 0 });
    }
    return held;
  }

  /** Where pages of a block lie in a file as they are, in order. */
  async storedRanges(block: number, work: WorkOptions = {}): Promise<StoredRange[]> {
    const numbers = await this.#run(() => this.#native.storedRanges(block), work);
    const stored: StoredRange[] = [];
    for (let index = 0; index < numbers.length; index += 4) {
      const [start = 0, length = 0, input = 0, fileOffset = 0] = numbers.subarray(index, index + 4);
      stored.push({ start, end: start + length, input, fileOffset });
    }
    return stored;
  }

  /** Bytes of an input file as they are. */
  async readInput(input: number, offset: number, length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafeSlow(length);
    await this.#run(() => this.#native.readInput(input, offset, bytes), {});
    return bytes;
  }

  /** Bytes of a block; absent pages read as zero. */
  async readBytes(block: number, offset: number, length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafeSlow(length);
    await this.#run(() => this.#native.readBytes(block, offset, bytes), {});
    return bytes;
  }

  [Symbol.dispose](): void {
    this.#native.close();
  }

  async #run<T>(start: () => NativeImageTask<T>, work: WorkOptions): Promise<T> {
    try {
      return await runImageTask(start, this.label, work);
    } catch (error) {
      const cause = error instanceof HarnessError ? error.cause : undefined;
      if (!isNative(cause) || cause.code !== 'out-of-range') throw error;
      throw new HarnessError({
        code: 'not-in-image',
        blame: 'usage',
        message: `${this.label} holds nothing at ${hex(cause.address ?? 0)}`,
        details: this.describePlaces(),
        cause: error,
      });
    }
  }

  /** where blocks lie, for the message about a wrong address */
  describePlaces(): string[] {
    return this.blocks.flatMap((block) => {
      const name = JSON.stringify(block.name);
      if (block.places.length === 0)
        return [`block ${name}: ${block.length} bytes, address not known`];
      return block.places.map(
        ({ address, length }) =>
          `block ${name}: guest addresses ${hex(address)}-${hex(address + length)}`,
      );
    });
  }
}
