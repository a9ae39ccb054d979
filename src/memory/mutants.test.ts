/**
 * How much damage is found: every uncompressed sample gets a run of stamped pages in place of its
 * pattern, is damaged in one place, and judged at level `page`. A mutant is killed when the file is
 * refused or exactly the damaged pages are named; it may only pass for clean when the memory it holds is
 * the same, byte for byte (equivalent). Compressed samples are judged by the content of their blocks.
 *
 * DROVER_TEST_SEED draws the same mutants again; DROVER_TEST_MUTANTS multiplies their number (13 gives 208
 * truncations a file, and the large files too).
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { HarnessError } from '../model/errors.js';
import type { NativeSliceVerdict } from '../native/image-addon.js';
import { Scratch } from '../qemu/qemus.fixtures.js';
import { openImage } from './image.js';
import type { MemoryImage, OpenImageOptions } from './image.js';
import { drawing, flipped, onlyPlaceOf, stampedPage } from './mutants.fixtures.js';
import type { StoredPage } from './mutants.fixtures.js';
import { samples, samplesSkip, unpack } from './samples.fixtures.js';
import type { Sample } from './samples.fixtures.js';

const seed = Number(process.env['DROVER_TEST_SEED'] ?? Date.now() % 100_000);
const share = Number(process.env['DROVER_TEST_MUTANTS'] ?? 1);
const truncations = 16 * share;
const flips = 6 * share;
const swaps = 2 * share;
const stampedPages = 16;

interface Tally {
  killed: number;
  survived: string[];
  equivalent: number;
}
const total: Tally = { killed: 0, survived: [], equivalent: 0 };

/** one sample, unpacked, its stored pages known, its options for opening */
class Victim implements Disposable {
  readonly scratch = new Scratch();
  readonly paths: string[];
  readonly clean: Buffer[];
  readonly options: OpenImageOptions;

  constructor(readonly sample: Sample) {
    this.paths = unpack(sample, this.scratch.directory);
    this.clean = this.paths.map((file) => readFileSync(file));
    const raw = sample.name.includes('pmemsave');
    this.options = {
      ...(raw ? { format: 'raw' as const, rawAddress: 0 } : {}),
      ...(sample.stream_offset === undefined ? {} : { fileOffset: sample.stream_offset }),
      temporaryFolder: this.scratch.directory,
    };
  }

  async open(files: readonly Buffer[]): Promise<MemoryImage> {
    files.forEach((bytes, index) => {
      writeFileSync(this.paths[index] ?? '', bytes);
    });
    return await openImage(this.paths, this.options);
  }

  [Symbol.dispose](): void {
    this.scratch[Symbol.dispose]();
  }
}

function main(image: MemoryImage): {
  index: number;
  pageBytes: number;
  base: number;
  length: number;
} {
  const sizes = image.blocks.map(({ length }) => length);
  const index = sizes.indexOf(Math.max(...sizes));
  const block = image.blocks[index];
  assert.ok(block !== undefined);
  return {
    index,
    pageBytes: block.pageBytes,
    base: block.places[0]?.address ?? 0,
    length: block.length,
  };
}

/**
 * Pages whose content stands in the files just once, so that they can be overwritten in place; some of
 * the 1 MiB pattern from offset 2 MiB on.
 */
async function storedPages(image: MemoryImage, files: readonly Buffer[]): Promise<StoredPage[]> {
  const { index, pageBytes, base } = main(image);
  const from = 0x200000;
  const content = await image.readBytes(index, from, 0x100000);
  const pages: StoredPage[] = [];
  for (let at = 0; at < content.length && pages.length < stampedPages; at += pageBytes) {
    const page = content.subarray(at, at + pageBytes);
    const place = page.every((byte) => byte === page[0]) ? undefined : onlyPlaceOf(page, files);
    if (place !== undefined) pages.push({ address: base + from + at, ...place });
  }
  return pages;
}

async function hashes(image: MemoryImage): Promise<string[]> {
  return await Promise.all(
    image.blocks.map(async (_, index) => await image.hash(index, undefined)),
  );
}

type Finding =
  | { readonly kind: 'refused' }
  | { readonly kind: 'read'; readonly same: boolean; readonly damaged: readonly number[] };

/** each page on its own: they need not be neighbours */
const slicesOf = (
  pages: readonly StoredPage[],
  pageBytes: number,
): { start: number; end: number }[] =>
  pages.map(({ address }) => ({ start: address, end: address + pageBytes }));

async function judge(
  image: MemoryImage,
  pages: readonly StoredPage[],
): Promise<NativeSliceVerdict[]> {
  const { pageBytes } = main(image);
  return await image.check({ level: 'page', slices: slicesOf(pages, pageBytes), step: pageBytes });
}

function damagedAddresses(verdicts: readonly NativeSliceVerdict[]): number[] {
  return verdicts.flatMap(({ damage, step }) =>
    damage.flatMap((run) =>
      Array.from({ length: run.pages }, (_, index) => run.start + index * step),
    ),
  );
}

/** what Drover says of a mutant; a crash of ours is no finding and comes out as it is */
async function look(
  victim: Victim,
  files: readonly Buffer[],
  truth: readonly string[],
  pages: readonly StoredPage[],
): Promise<Finding> {
  try {
    using image = await victim.open(files);
    const same = (await hashes(image)).join() === truth.join();
    const incomplete = image.report?.completeness === 'incomplete';
    if (incomplete) return { kind: 'refused' };
    return {
      kind: 'read',
      same,
      damaged: pages.length === 0 ? [] : damagedAddresses(await judge(image, pages)),
    };
  } catch (error) {
    if (error instanceof HarnessError) return { kind: 'refused' };
    throw error;
  }
}

/** `expected`: the pages that must be named; undefined where the bytes hit are not known to be page data */
function count(
  what: string,
  finding: Finding,
  stamped: boolean,
  expected?: readonly number[],
): void {
  if (finding.kind === 'refused') {
    total.killed += 1;
    return;
  }
  const named = finding.damaged.join();
  if (expected !== undefined && stamped) {
    if (named === [...expected].sort((a, b) => a - b).join()) total.killed += 1;
    else total.survived.push(`${what}: named '${named}'`);
  } else if (!finding.same) {
    total.killed += 1;
  } else if (stamped && named !== '') {
    total.survived.push(`${what}: memory is the same, yet '${named}' is named`);
  } else {
    total.equivalent += 1;
  }
}

const unfinished = /cancel|killed|ignore-shared|mapped-bgsnap/;
const compressed = /compress|kdump/;
/** large files take long to be written again and again: they have their turn with more mutants */
const usable = samples.filter(
  ({ name, files }) =>
    !unfinished.test(name) && (share > 1 || files.every(({ raw_size: size }) => size < 9e6)),
);

for (const sample of usable) {
  void test(
    `${sample.name}: damage is found`,
    { skip: samplesSkip, timeout: 110_000 },
    async (t) => {
      const draw = drawing(seed);
      using victim = new Victim(sample);
      const { clean } = victim;
      let pages: StoredPage[];
      let pageBytes: number;
      {
        using image = await victim.open(clean);
        pageBytes = main(image).pageBytes;
        pages = await storedPages(image, clean);
      }
      const stamped = pages.length >= 4 && !compressed.test(sample.name);
      if (!stamped) pages = [];
      const files = clean.map((bytes) => Buffer.from(bytes));
      for (const { address, file, offset } of pages) {
        files[file]?.set(stampedPage(address, 5, pageBytes), offset);
      }
      let truth: string[];
      {
        using image = await victim.open(files);
        truth = await hashes(image);
        if (stamped) {
          const [verdict] = await judge(image, pages);
          assert.deepEqual(
            [verdict?.damagedPages, verdict?.generation],
            [0, 5n],
            'clean as stamped',
          );
        }
      }
      const before = { ...total, survived: [...total.survived] };

      for (let index = 0; index < flips && stamped; index++) {
        const page = pages[draw(pages.length)];
        assert.ok(page !== undefined);
        const mutant = flipped(files, page.file, page.offset + draw(pageBytes), draw(8));
        count(
          `flip in 0x${page.address.toString(16)}`,
          await look(victim, mutant, truth, pages),
          true,
          [page.address],
        );
      }
      for (let index = 0; index < swaps && stamped; index++) {
        const one = pages[draw(pages.length)];
        const other = pages[draw(pages.length)];
        if (one === undefined || other === undefined || one === other) continue;
        const mutant = files.map((bytes) => Buffer.from(bytes));
        mutant[one.file]?.set(stampedPage(other.address, 5, pageBytes), one.offset);
        mutant[other.file]?.set(stampedPage(one.address, 5, pageBytes), other.offset);
        const what = `swap of 0x${one.address.toString(16)} and 0x${other.address.toString(16)}`;
        count(what, await look(victim, mutant, truth, pages), true, [one.address, other.address]);
      }
      // A plain record of the same block as before it is 8 bytes with flags page and continue, then the page.
      for (let index = 0; index < swaps && stamped; index++) {
        const page = pages[1 + draw(pages.length - 1)];
        const bytes = page === undefined ? undefined : files[page.file];
        if (page === undefined || bytes === undefined) continue;
        const word = page.offset >= 8 ? bytes.readBigUInt64BE(page.offset - 8) : 0n;
        if ((word & BigInt(pageBytes - 1)) !== 0x28n) continue;
        const mutant = [...files];
        mutant[page.file] = Buffer.concat([
          bytes.subarray(0, page.offset - 8),
          bytes.subarray(page.offset + pageBytes),
        ]);
        count(
          `drop of 0x${page.address.toString(16)}`,
          await look(victim, mutant, truth, pages),
          true,
          [page.address],
        );
      }
      for (let index = 0; index < flips; index++) {
        const file = draw(files.length);
        const offset = draw(files[file]?.length ?? 1);
        const mutant = flipped(files, file, offset, draw(8));
        count(`flip at ${file}:${offset}`, await look(victim, mutant, truth, pages), stamped);
      }
      for (let index = 0; index < truncations; index++) {
        const file = draw(files.length);
        const length = draw(files[file]?.length ?? 1);
        const mutant = [...files];
        mutant[file] = (files[file] ?? Buffer.alloc(0)).subarray(0, length);
        count(`cut of ${file} to ${length}`, await look(victim, mutant, truth, pages), stamped);
      }
      const survived = total.survived.slice(before.survived.length);
      t.diagnostic(
        `seed ${seed}, ${pages.length} pages stamped: ${total.killed - before.killed} killed, ${survived.length} survived, ${total.equivalent - before.equivalent} equivalent`,
      );
      assert.deepEqual(survived.slice(0, 5), []);
    },
  );
}

void test('all mutants together', { skip: samplesSkip }, (t) => {
  t.diagnostic(
    `${total.killed} killed, ${total.survived.length} survived, ${total.equivalent} equivalent`,
  );
  assert.ok(total.killed > 300);
  assert.deepEqual(total.survived, []);
});
