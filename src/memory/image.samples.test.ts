import assert from 'node:assert/strict';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { HarnessError } from '../model/errors.js';
import { Scratch } from '../model/scratch.fixtures.js';
import { hashWithZeroes } from './image-content.fixtures.js';
import { openImage } from './image.js';
import type { MemoryImage, OpenImageOptions } from './image.js';
import { sampleNamed, samples, samplesSkip, unpack } from './samples.fixtures.js';
import type { Sample } from './samples.fixtures.js';

const skip = samplesSkip;
const MiB = 1024 ** 2;

async function withImage(
  sample: Sample,
  body: (image: MemoryImage) => Promise<void>,
  options: OpenImageOptions = {},
): Promise<void> {
  using scratch = new Scratch();
  const files = unpack(sample, scratch.directory);
  const offset = sample.stream_offset ?? 0;
  using image = await openImage(files, {
    fileOffset: offset === 0 ? undefined : offset,
    temporaryFolder: scratch.directory,
    ...options,
  });
  await body(image);
}

for (const sample of samples) {
  if (sample.blocks === undefined) continue;
  const { blocks } = sample;

  test(`${sample.name}: every block has the recorded content`, { skip }, async () => {
    await withImage(sample, async (image) => {
      assert.deepEqual(
        image.blocks.map(({ name, length }) => [name, length]),
        blocks.map(({ name, length }) => [name, length]),
      );
      for (const [index, block] of blocks.entries()) {
        const { pages, absent } = await image.statistics(index, false);
        assert.equal(await hashWithZeroes(image, index), block.sha256, block.name);
        const sha256 = absent === 0 ? block.sha256 : null;
        assert.equal(await image.hash(index, undefined), sha256, block.name);
        assert.equal(pages, block.pages, block.name);
        // The records of mapped-ram files call a page unseen whose bit is clear: that is a zero
        // page.
        const seen = block.last_kind['unseen'] === 0 || block.last_kind['mapped'] === undefined;
        if (seen) assert.equal(absent, 0, block.name);
      }
      assert.equal(image.format, 'stream');
      assert.equal(image.report?.machine ?? undefined, sample.machine ?? undefined);
      assert.equal(image.report?.pageBytes, sample.target_page_size);
      assert.equal((image.report?.vmdescLength ?? 0) > 0, sample.has_vmdesc);
      assert.notEqual(image.report?.completeness, 'incomplete', image.report?.completenessReason);
    });
  });
}

test('samples were checked', { skip }, () => {
  assert.ok(samples.length >= 40, `${samples.length} samples`);
});

for (const name of ['q72-dump-elf', 'q72-dump-kdump-zlib', 'q102-dump-kdump-raw-zlib']) {
  test(`${name} holds what pmemsave wrote, and says which format it is`, { skip }, async () => {
    using scratch = new Scratch();
    const raw = unpack(sampleNamed('q72-pmemsave.raw'), scratch.directory);
    using memory = await openImage(raw, { format: 'raw' });
    assert.equal(
      await memory.hash(0, undefined),
      'd64885a689034903d024f13e44728092d1c8b41109f9ad24f07acdb3c39469ff',
    );
    await withImage(sampleNamed(name), async (dump) => {
      assert.equal(dump.format, name.includes('elf') ? 'elf' : 'kdump');
      const all = {
        firstBlock: null,
        firstStart: 0,
        secondBlock: null,
        secondStart: 0,
        length: 8 * MiB,
      };
      const found = await dump.diff(memory, all);
      assert.deepEqual([found.pages, found.differentPages], [2048, 0]);
    });
  });
}

for (const name of ['q102-cancel-plain.mig', 'q72-killed-plain.mig']) {
  test(`${name}: an unfinished stream is an error, and can be salvaged`, { skip }, async () => {
    const sample = sampleNamed(name);
    await assert.rejects(
      withImage(sample, async () => undefined),
      (error: unknown) => {
        assert.ok(error instanceof HarnessError);
        assert.equal(error.code, 'image-broken');
        assert.match(error.message, /at offset \d+/);
        return true;
      },
    );
    await withImage(
      sample,
      async (image) => {
        assert.ok(image.problem !== null || image.report?.completeness === 'incomplete');
        const [main] = image.blocks.keys();
        const { stored, zero, absent } = await image.statistics(main!, false);
        assert.ok(stored > 0 && zero > 0);
        assert.equal(absent > 0, name.includes('killed'), 'what was not sent is not there');
      },
      { salvage: true },
    );
  });
}

test(
  'a mapped-ram file whose bitmaps were never written is never taken for complete',
  { skip },
  async () => {
    const sample = sampleNamed('q102-mapped-bgsnap.mig');
    await assert.rejects(
      withImage(sample, async () => undefined),
      /is damaged at offset/,
    );
  },
);

test('the guest that counts is found intact, and one changed byte is found', { skip }, async () => {
  const request = {
    level: 'byte',
    slices: [{ start: 0x100000, end: 0x600000 }],
    step: 4096,
    mapCells: 64,
  } as const;
  for (const name of ['q72-inc-live', 'q102-inc-mapped']) {
    using scratch = new Scratch();
    const [file] = unpack(sampleNamed(name), scratch.directory);
    using image = await openImage([file!], {});
    const [verdict] = await image.check(request);
    assert.deepEqual([verdict?.pages, verdict?.damagedPages], [1280, 0], name);
    assert.equal(verdict?.map?.cells.length, 64 * 4);

    // Any page in the middle, identified by its place in the file: raw pages have no record header
    // before the first byte.
    const main = image.blocks.findIndex((block) => block.name === 'pc.ram');
    const page = await image.readBytes(main, 0x300000, 4096);
    const bytes = readFileSync(file!);
    const at = bytes.lastIndexOf(page);
    assert.ok(at > 0, name);
    bytes[at] = (bytes[at]! + 5) % 256;
    const damaged = path.join(scratch.directory, 'damaged');
    writeFileSync(damaged, bytes);
    using other = await openImage([damaged], {});
    const [found] = await other.check(request);
    assert.equal(found?.damagedPages, 1, name);
  }
});

test('a file that is cut short while it is open is an error, not a crash', { skip }, async () => {
  using scratch = new Scratch();
  const [file] = unpack(sampleNamed('q72-exec-plain'), scratch.directory);
  using image = await openImage([file!], {});
  truncateSync(file!, 4096);
  await assert.rejects(image.hash(0, undefined), /cut short while it was read/);
});

test('names of any bytes come through, one character each', { skip }, async () => {
  using scratch = new Scratch();
  const sample = sampleNamed('q72-exec-plain');
  const [file] = unpack(sample, scratch.directory);
  const odd = '"\\\xff\n\0'.padEnd(sample.machine?.length ?? 0, '\x80');
  const bytes = readFileSync(file!);
  bytes.write(odd, bytes.indexOf(sample.machine ?? ''), 'latin1');
  writeFileSync(file!, bytes);
  using image = await openImage([file!], { salvage: true });
  assert.equal(image.report?.machine, odd);
});

test('work is cancelled by its signal, before and while it runs', { skip }, async () => {
  await withImage(sampleNamed('q72-exec-plain'), async (image) => {
    await assert.rejects(image.hash(0, undefined, { signal: AbortSignal.abort() }), /cancelled/);
  });
});

test(
  'a guest address that the image does not hold is wrong usage, and the error lists the blocks',
  { skip },
  async () => {
    await withImage(sampleNamed('q72-exec-plain'), async (image) => {
      const slices = [{ start: 0x700000, end: 0x900000 }];
      await assert.rejects(
        image.check({ level: 'byte', slices, step: 4096 }),
        (error: unknown) =>
          error instanceof HarnessError &&
          error.blame === 'usage' &&
          error.message.includes('holds nothing at 0x800000') &&
          error.input.details?.some((line) => line.includes('pc.ram')) === true,
      );
    });
  },
);
