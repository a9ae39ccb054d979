/**
 * Guest RAM as files hold it: a raw image, a dump, a migration stream with its channels, or the anonymous memory of a
 * process whose guest is stopped. One interface, so that checks, comparison and extraction know no formats.
 */
import { createHash } from 'node:crypto';
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
  NativeImage,
  NativeImageCheckRequest,
  NativeImageTask,
  NativeOpenOptions,
  NativePageMap,
  NativeProblem,
  NativeSliceVerdict,
} from '../native/image-addon.js';
import { isNative } from './native-errors.js';
import { runImageTask } from './image-work.js';
import type { WorkOptions } from './image-work.js';
import type { StreamReport } from '../native/stream-report.js';
import { hex } from '../model/text/format.js';
import type { Range } from '../model/text/sizes.js';

export type OpenImageOptions = NativeOpenOptions;

/** A path, or a descriptor and how people know it. A descriptor may be closed once the image is open. */
export type ImageFile = string | { readonly file: number | string; readonly label: string };

/** Files of one image: a single one, or a migration stream and its channels in any order. */
export async function openImage(
  files: readonly ImageFile[],
  options: OpenImageOptions = {},
  work: WorkOptions = {},
): Promise<MemoryImage> {
  const label = files.map(labelOf).join(', ');
  const inputs = files.map((each) => (typeof each === 'string' ? each : each.file));
  const opened = await runImageTask(() => loadAddon().openImage(inputs, options), label, work);
  if (opened.image === null) throw problemOf(files.map(labelOf), opened.format, opened.problem);
  return new MemoryImage(opened.image, label, opened.problem);
}

function labelOf(file: ImageFile): string {
  return typeof file === 'string' ? file : file.label;
}

/** Anonymous memory of a process, one block per region. The guest must be stopped, otherwise reads are not a consistent snapshot. */
export function openStoppedProcess(
  pid: number,
  regions: readonly ProcessRegion[],
  pageBytes: number,
  addon: NativeAddon = loadAddon(),
): MemoryImage {
  return new MemoryImage(addon.openProcessImage(pid, regions, pageBytes), `process ${pid}`, null);
}

const formatNames: Readonly<Record<ImageFormat, string>> = {
  raw: 'raw memory',
  elf: 'an ELF dump',
  kdump: 'a kdump-compressed dump',
  stream: 'a migration stream',
};

/** `image-unsupported` is a file of no format that Drover reads, `image-broken` a damaged one. */
function problemOf(
  files: readonly string[],
  format: ImageFormat,
  problem: NativeProblem | null,
): HarnessError {
  const { reason, input, offset } = problem ?? { reason: 'no reason given', input: 0, offset: 0 };
  const file = files[input] ?? files.join(', ');
  if (problem?.kind === 'unsupported') {
    return new HarnessError({
      code: 'image-unsupported',
      blame: 'usage',
      message: `${file}: ${reason}`,
    });
  }
  return new HarnessError({
    code: 'image-broken',
    blame: 'contract',
    message: `${file}, read as ${formatNames[format]}, is damaged at offset ${offset} (${hex(offset)}): ${reason}`,
    details: offset === 0 ? [] : ['--salvage uses the part before that offset'],
  });
}

const hashedPiece = 4 * 1024 ** 2;
const progressEvery = 64 * 1024 ** 2;

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
   * SHA-256 in hexadecimal of a block, or of [start, end) in it; null if the image does not hold all of that. Progress in
   * bytes.
   */
  async hash(
    block: number,
    range: Range | undefined,
    { signal, onProgress }: WorkOptions = {},
  ): Promise<string | null> {
    const { start, end } = range ?? { start: 0, end: this.blocks[block]?.length ?? 0 };
    const hash = createHash('sha256');
    // The next piece is read while this one is hashed.
    let [piece, next] = [Buffer.allocUnsafeSlow(hashedPiece), Buffer.allocUnsafeSlow(hashedPiece)];
    const read = async (from: number, into: Buffer): Promise<Buffer | null> => {
      const offset = Math.min(from, end);
      const bytes = into.subarray(0, end - offset);
      const start = (): NativeImageTask<number> => this.#native.readBytes(block, offset, bytes);
      const absent = await this.#run(start, { signal });
      return absent === 0 ? bytes : null;
    };
    let reading = read(start, piece);
    for (let at = start; at < end; at += hashedPiece) {
      const bytes = await reading;
      if (bytes === null) return null;
      reading = read(at + hashedPiece, next);
      hash.update(bytes);
      [piece, next] = [next, piece];
      if ((at - start) % progressEvery === 0) onProgress?.(at - start, end - start);
    }
    await reading;
    return hash.digest('hex');
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

  /** Writes a block to an open, empty file, zero pages as holes. */
  async extract(block: number, fd: number, work: WorkOptions = {}): Promise<number> {
    return await this.#run(() => this.#native.extract(block, fd), work);
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
