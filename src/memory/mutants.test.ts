/**
 * How much damage is found: every uncompressed sample gets a run of stamped pages in place of its
 * pattern, is damaged in one place, and judged at level `page` (mutant-hunt.fixtures.ts says how it
 * is counted). Compressed samples are judged by the content of their blocks.
 *
 * DROVER_TEST_SEED draws the same mutants again; DROVER_TEST_MUTANTS multiplies their number (13
 * gives 208 truncations a file, and the large files too).
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Scratch } from '../model/scratch.fixtures.js';
import { openImage } from './image.js';
import type { MemoryImage, OpenImageOptions } from './image.js';
import { Hunt, Tally, bagOf, namedPages } from './mutant-hunt.fixtures.js';
import { drawing, testSeed } from '../model/drawing.fixtures.js';
import { stampedPage } from '../model/page-stamp.js';
import { bitOfPage, onlyPlaceOf } from './mutants.fixtures.js';
import type { StoredPage } from './mutants.fixtures.js';
import { samples, samplesSkip, unpack } from './samples.fixtures.js';
import type { Sample } from './samples.fixtures.js';

const share = Number(process.env['DROVER_TEST_MUTANTS'] ?? 1);
const stampedPages = 16;
/**
 * A dump is a block from address 0 to the last ROM, most of it absent: hashing that takes seconds,
 * comparing it does not.
 */
const longestHashed = 256 * 1024 ** 2;
const total = new Tally();

function main(image: MemoryImage): { index: number; pageBytes: number; base: number } {
  const sizes = image.blocks.map(({ length }) => length);
  const index = sizes.indexOf(Math.max(...sizes));
  const block = image.blocks[index];
  assert.ok(block !== undefined);
  return { index, pageBytes: block.pageBytes, base: block.places[0]?.address ?? 0 };
}

/**
 * Pages whose content is in the files just once, so that they can be overwritten in place; some of
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

function optionsFor(sample: Sample, scratch: Scratch): OpenImageOptions {
  const raw = sample.name.includes('pmemsave');
  return {
    format: raw ? 'raw' : undefined,
    rawAddress: raw ? 0 : undefined,
    fileOffset: sample.stream_offset,
    temporaryFolder: scratch.directory,
  };
}

/**
 * The sample with some pages stamped, where they can be; each is a slice, since they need not be
 * neighbours.
 */
async function huntIn(sample: Sample, scratch: Scratch): Promise<Hunt> {
  const paths = unpack(sample, scratch.directory);
  const files = paths.map((file) => readFileSync(file));
  const options = optionsFor(sample, scratch);
  using image = await openImage(paths, options);
  const { index, pageBytes, base } = main(image);
  const found = await storedPages(image, files);
  const pages = found.length >= 4 && !compressed.test(sample.name) ? found : [];
  const bitmap = image.report?.blocks[index]?.bitmapOffset ?? 0;
  for (const { address, file, offset } of pages) {
    files[file]?.set(stampedPage(address, 5, pageBytes), offset);
  }
  return await Hunt.start({
    ...{ files, paths, options, pageBytes, pages, longestHashed },
    slices: pages.map(({ address }) => ({ start: address, end: address + pageBytes })),
    bitOf: bitmap === 0 ? undefined : bitOfPage(bitmap, base, pageBytes),
  });
}

const unfinished = /cancel|killed|ignore-shared|mapped-bgsnap/;
const compressed = /compress|kdump/;
/** large files take long to write again and again: they are tested with more mutants only */
const usable = samples.filter(
  ({ name, files }) =>
    !unfinished.test(name) && (share > 1 || files.every(({ raw_size: size }) => size < 9e6)),
);

for (const sample of usable) {
  test(
    `${sample.name}: damage is found`,
    { skip: samplesSkip, timeout: 300_000 * share },
    async (t) => {
      using scratch = new Scratch();
      using hunt = await huntIn(sample, scratch);
      const { pages } = hunt.quarry;
      assert.deepEqual(await namedPages(hunt.truth, hunt.quarry), [], 'clean as stamped');
      const tally = await hunt.run(drawing(testSeed), bagOf(share));
      t.diagnostic(`seed ${testSeed}, ${pages.length} pages stamped: ${tally.toString()}`);
      total.add(tally);
      assert.deepEqual(tally.survived.slice(0, 5), []);
    },
  );
}

test('all mutants together', { skip: samplesSkip }, (t) => {
  t.diagnostic(total.toString());
  assert.ok(total.killed > 300);
  for (const deed of ['flip', 'swap', 'drop', 'loss', 'change', 'cut']) {
    assert.ok(total.drawn.has(deed), deed);
  }
  assert.deepEqual(total.survived, []);
});
