/**
 * Damages files in one place at a time, and counts what is found at level `page`. Leaves out where
 * the files come from: samples (mutants.test.ts), QEMUs (stamped-files.qemu.test.ts).
 *
 * A mutant is killed when its files are refused, when exactly those pages are named whose bytes
 * changed, or, where only memory without stamps changed, when comparing content shows it. It is
 * equivalent when memory is the same, byte for byte. Everything else survives, and is a fault of
 * Drover's.
 */
import { addressesIn, contentOf } from './image-content.fixtures.js';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { HarnessError } from '../model/errors.js';
import type { NativeSlice } from '../native/image-addon.js';
import { openImage } from './image.js';
import type { MemoryImage, OpenImageOptions } from './image.js';
import { channelPackets, flipped, plainRecord } from './mutants.fixtures.js';
import type { StoredPage } from './mutants.fixtures.js';
import { hex } from '../model/text/format.js';

/** Undamaged files, and what is known of them without the parser. */
export interface Quarry {
  readonly files: readonly Buffer[];
  /** where to write them, in the same order */
  readonly paths: readonly string[];
  readonly options: OpenImageOptions;
  readonly pageBytes: number;
  /** what is stamped, judged slice by slice; none: judged by content alone */
  readonly slices: readonly NativeSlice[];
  /** stamped pages that lie in the files as they are, once each */
  readonly pages: readonly StoredPage[];
  /** mapped-ram: where in the first file the bit of the page at `address` is */
  readonly bitOf?:
    ((address: number) => { readonly offset: number; readonly bit: number }) | undefined;
  /** longer blocks are compared with the undamaged ones instead of hashed */
  readonly longestHashed: number;
}

/** Mutants of each sort for one set of files. */
export interface Bag {
  readonly truncations: number;
  readonly flips: number;
  readonly swaps: number;
}

export const bagOf = (share: number): Bag => ({
  truncations: 16 * share,
  flips: 6 * share,
  swaps: 2 * share,
});

export class Tally {
  killed = 0;
  equivalent = 0;
  readonly survived: string[] = [];
  /** mutants by what was done: the first word of their description */
  readonly drawn = new Map<string, number>();

  add(other: Tally): void {
    this.killed += other.killed;
    this.equivalent += other.equivalent;
    this.survived.push(...other.survived);
    for (const [deed, times] of other.drawn) this.#draw(deed, times);
  }

  /** `expected`: the pages hit, where that is known from how the mutant was made */
  count(what: string, finding: Finding, expected?: readonly number[]): void {
    this.#draw(what.split(' ')[0] ?? what, 1);
    if (finding.kind === 'refused') {
      this.killed += 1;
      return;
    }
    const named = finding.named.join();
    const changed = finding.changed.join();
    const wanted = expected === undefined ? changed : [...expected].sort((a, b) => a - b).join();
    if (named !== changed || named !== wanted) {
      this.survived.push(`${what}: named '${named}', changed '${changed}', hit '${wanted}'`);
    } else if (finding.same) {
      this.equivalent += 1;
    } else {
      this.killed += 1;
    }
  }

  toString(): string {
    const deeds = [...this.drawn].map(([deed, times]) => `${times} ${deed}`).join(', ');
    const { killed, survived, equivalent } = this;
    return `${killed} killed, ${survived.length} survived, ${equivalent} equivalent (${deeds})`;
  }

  #draw(deed: string, times: number): void {
    this.drawn.set(deed, (this.drawn.get(deed) ?? 0) + times);
  }
}

type Finding =
  | { readonly kind: 'refused' }
  | {
      readonly kind: 'read';
      /** all of memory, stamped or not */
      readonly same: boolean;
      /** addresses of stamped pages */
      readonly changed: readonly number[];
      readonly named: readonly number[];
    };

async function open(
  quarry: Quarry,
  files: readonly Buffer[],
  prefix: string,
): Promise<MemoryImage> {
  const paths = quarry.paths.map((file) =>
    path.join(path.dirname(file), `${prefix}${path.basename(file)}`),
  );
  files.forEach((bytes, index) => {
    writeFileSync(paths[index] ?? '', bytes);
  });
  return await openImage(paths, quarry.options);
}

/** Stamped pages that level `page` names. */
export async function namedPages(image: MemoryImage, quarry: Quarry): Promise<number[]> {
  const { slices, pageBytes } = quarry;
  if (slices.length === 0) return [];
  const verdicts = await image.check({ level: 'page', slices, step: pageBytes });
  return verdicts.flatMap(({ damage, step }) => addressesIn(damage, step));
}

export class Hunt {
  readonly tally = new Tally();
  readonly #hashes: readonly string[];

  private constructor(
    readonly quarry: Quarry,
    readonly truth: MemoryImage,
    hashes: readonly string[],
  ) {
    this.#hashes = hashes;
  }

  /** `truth` is the undamaged image, still open. */
  static async start(quarry: Quarry): Promise<Hunt> {
    const truth = await open(quarry, quarry.files, 'truth-');
    return new Hunt(quarry, truth, await contentOf(truth, quarry.longestHashed));
  }

  async run(draw: (below: number) => number, bag: Bag): Promise<Tally> {
    const { quarry } = this;
    if (quarry.pages.length > 0) {
      await this.#flips(draw, bag.flips);
      await this.#swaps(draw, bag.swaps);
      await this.#drops(draw, bag.swaps);
    }
    await this.#lostPackets(draw, bag.swaps);
    const drawPlace = (): readonly [number, number] => {
      const file = draw(quarry.files.length);
      return [file, draw(quarry.files[file]?.length ?? 1)];
    };
    for (let index = 0; index < bag.flips; index++) {
      const [file, offset] = drawPlace();
      const mutant = flipped(quarry.files, file, offset, draw(8));
      await this.#try(`change at ${file}:${offset}`, mutant);
    }
    for (let index = 0; index < bag.truncations; index++) {
      const [file, length] = drawPlace();
      const mutant = [...quarry.files];
      mutant[file] = (quarry.files[file] ?? Buffer.alloc(0)).subarray(0, length);
      await this.#try(`cut of ${file} to ${length}`, mutant);
    }
    return this.tally;
  }

  async #flips(draw: (below: number) => number, times: number): Promise<void> {
    const { files, pages, pageBytes } = this.quarry;
    for (let index = 0; index < times; index++) {
      const page = pages[draw(pages.length)];
      if (page === undefined) continue;
      const mutant = flipped(files, page.file, page.offset + draw(pageBytes), draw(8));
      await this.#try(`flip in ${hex(page.address)}`, mutant, [page.address]);
    }
  }

  async #swaps(draw: (below: number) => number, times: number): Promise<void> {
    const { files, pages, pageBytes } = this.quarry;
    for (let index = 0; index < times; index++) {
      const one = pages[draw(pages.length)];
      const other = pages[draw(pages.length)];
      if (one === undefined || other === undefined || one === other) continue;
      const mutant = files.map((bytes) => Buffer.from(bytes));
      const put = (to: StoredPage, from: StoredPage): void => {
        const content = files[from.file]?.subarray(from.offset, from.offset + pageBytes);
        mutant[to.file]?.set(content ?? [], to.offset);
      };
      put(one, other);
      put(other, one);
      const what = `swap of ${hex(one.address)} and ${hex(other.address)}`;
      await this.#try(what, mutant, [one.address, other.address]);
    }
  }

  /** A page's record leaves a stream; its bit leaves a bitmap. */
  async #drops(draw: (below: number) => number, times: number): Promise<void> {
    const { files, pages, pageBytes, bitOf } = this.quarry;
    for (let index = 0; index < times; index++) {
      const page = pages[1 + draw(pages.length - 1)];
      const bytes = page === undefined ? undefined : files[page.file];
      if (page === undefined || bytes === undefined) continue;
      const what = `drop of ${hex(page.address)}`;
      const record = plainRecord(bytes, page.offset, pageBytes);
      if (bitOf !== undefined) {
        const { offset, bit } = bitOf(page.address);
        await this.#try(what, flipped(files, 0, offset, bit), [page.address]);
      } else if (record !== undefined) {
        const mutant = [...files];
        mutant[page.file] = Buffer.concat([
          bytes.subarray(0, record.start),
          bytes.subarray(record.end),
        ]);
        await this.#try(what, mutant, [page.address]);
      }
    }
  }

  async #lostPackets(draw: (below: number) => number, times: number): Promise<void> {
    const { files } = this.quarry;
    const packets = files.flatMap((bytes, file) =>
      channelPackets(bytes).map((packet) => ({ file, ...packet })),
    );
    for (let index = 0; index < times && packets.length > 0; index++) {
      const packet = packets[draw(packets.length)];
      const bytes = packet === undefined ? undefined : files[packet.file];
      if (packet === undefined || bytes === undefined) continue;
      const mutant = [...files];
      mutant[packet.file] = Buffer.concat([
        bytes.subarray(0, packet.start),
        bytes.subarray(packet.end),
      ]);
      await this.#try(`loss of the packet at ${packet.file}:${packet.start}`, mutant);
    }
  }

  /** What Drover says of a mutant; a crash of Drover is not counted, but thrown. */
  async #try(what: string, files: readonly Buffer[], expected?: readonly number[]): Promise<void> {
    this.tally.count(what, await this.#look(files), expected);
  }

  async #look(files: readonly Buffer[]): Promise<Finding> {
    const { quarry } = this;
    try {
      using image = await open(quarry, files, '');
      if (image.report?.completeness === 'incomplete') return { kind: 'refused' };
      return {
        kind: 'read',
        same: await this.#isSame(image),
        changed: await this.#changedPages(image),
        named: await namedPages(image, quarry),
      };
    } catch (error) {
      if (error instanceof HarnessError) return { kind: 'refused' };
      throw error;
    }
  }

  async #isSame(image: MemoryImage): Promise<boolean> {
    const { longestHashed } = this.quarry;
    if ((await contentOf(image, longestHashed)).join() !== this.#hashes.join()) return false;
    for (const [index, { length }] of image.blocks.entries()) {
      if (length <= longestHashed) continue;
      const { differentPages } = await image.diff(this.truth, {
        firstBlock: index,
        firstStart: 0,
        secondBlock: index,
        secondStart: 0,
        length,
        absentIsZero: true,
      });
      if (differentPages !== 0) return false;
    }
    return true;
  }

  async #changedPages(image: MemoryImage): Promise<number[]> {
    const changed: number[] = [];
    for (const { start, end } of this.quarry.slices) {
      const { runs } = await image.diff(this.truth, {
        firstBlock: null,
        firstStart: start,
        secondBlock: null,
        secondStart: start,
        length: end - start,
      });
      changed.push(...addressesIn(runs, this.quarry.pageBytes));
    }
    return changed;
  }

  [Symbol.dispose](): void {
    this.truth[Symbol.dispose]();
  }
}
