/**
 * The verdict through every way of reading memory: each must name exactly the pages that were
 * damaged.
 */
import assert from 'node:assert/strict';
import { closeSync, openSync, writeSync, ftruncateSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { folderFor } from '../model/scratch.fixtures.js';
import type { MemoryVerdict } from '../model/verdict.js';
import { loadAddon } from '../native/addon.js';
import type { GuestRam } from './guest-ram.js';
import { openSharedRam } from './open-ram.js';
import { readerRam } from './reader-ram.js';
import {
  damageCases,
  memfdWith,
  pageAt,
  pageBytes,
  ramStart,
  rangeOf,
  soundStamps,
} from './stamps.fixtures.js';
import { onlySlice } from './verdict.fixtures.js';

function namedPages(verdict: MemoryVerdict): number[] {
  return onlySlice(verdict).damage.flatMap((run) =>
    Array.from({ length: run.pages }, (_, i) => (run.start - ramStart) / pageBytes + i),
  );
}

const regionsFor = (pages: number) => [{ address: ramStart, size: pages * pageBytes, offset: 0 }];

function readerOver(stamps: Uint8Array): GuestRam {
  return readerRam({
    source: 'qtest',
    read: (address, size) => {
      const bytes = Buffer.alloc(size);
      const offset = address - ramStart;
      if (offset % pageBytes === 0) bytes[0] = stamps[offset / pageBytes] ?? 0;
      return Promise.resolve(bytes);
    },
  });
}

for (const { name, sound, stamps, hurt, edge } of damageCases) {
  test(`a mapping, with each kernel, and the slow twin give one verdict: ${name}`, async () => {
    using memory = memfdWith(stamps);
    await using mapped = await openSharedRam({ fd: memory.fd, regions: regionsFor(stamps.length) });
    await using slow = readerOver(stamps);
    assert.match(mapped.source, /^mapping of /);
    const verdicts = [await slow.checkStopped(rangeOf(stamps.length))];
    for (const kernel of loadAddon().kernelNames()) {
      const verdict = await mapped.checkStopped(rangeOf(stamps.length), { kernel, threads: 2 });
      assert.equal(verdict.kernel, kernel);
      verdicts.push(verdict);
    }
    for (const verdict of verdicts) {
      assert.deepEqual(namedPages(verdict), hurt);
      assert.equal(verdict.intact, hurt.length === 0);
      assert.equal(verdict.pages, stamps.length);
      assert.equal(verdict.damagedPages, hurt.length);
      const { damage, pagesByKind, ...slice } = onlySlice(verdict);
      assert.equal(verdict.damagedRuns, damage.length);
      assert.equal(slice.edge, edge === null ? null : pageAt(edge));
      assert.equal(slice.generation, sound[0]);
      assert.deepEqual(verdict.slices, verdicts[0]?.slices);
      const { stale, ahead } = pagesByKind;
      assert.equal(stale + ahead, hurt.length);
      for (const run of damage) {
        const page = (run.start - ramStart) / pageBytes;
        const behind = (run.expected - (run.found ?? 0) + 256) % 256;
        assert.deepEqual(
          [run.kind, run.by],
          behind < 128 ? ['stale', behind] : ['ahead', 256 - behind],
        );
        assert.equal(run.expected, sound[page]);
        assert.equal(run.found, stamps[page]);
        assert.equal(run.end, run.start + run.pages * pageBytes);
      }
    }
  });
}

test("upstream's lines have upstream's wording, ten at most and then a count", async () => {
  const stamps = soundStamps(5000, 3000, 0x27).fill(0x27, 0xd53 - 0x100, 0xd53 - 0x100 + 12);
  await using ram = readerOver(stamps);
  const { upstreamLines } = onlySlice(await ram.checkStopped(rangeOf(5000)));
  assert.equal(upstreamLines.length, 11);
  assert.equal(
    upstreamLines[0],
    'Memory content inconsistency at d53000 first_byte = 27 last_byte = 26 current = 27 hit_edge = 1',
  );
  assert.equal(upstreamLines[10], 'and in another 2 pages');
});

test('the list of damage is as long as requested, the totals are complete', async () => {
  const stamps = soundStamps(1000, 1000, 9).map((stamp, page) => (page % 4 === 0 ? 77 : stamp));
  await using ram = readerOver(stamps);
  const verdict = await ram.checkStopped(rangeOf(1000), { damageLimit: 3 });
  assert.equal(onlySlice(verdict).damage.length, 3);
  assert.equal(verdict.damagedRuns, 250);
  assert.equal(verdict.damagedPages, 250);
});

test('a region that lies elsewhere in the file continues the one before it', async () => {
  const stamps = soundStamps(1000, 700, 5);
  const stored = new Uint8Array([...stamps.subarray(400), ...stamps.subarray(0, 400)]);
  using memory = memfdWith(stored);
  await using ram = await openSharedRam({
    path: memory.path,
    regions: [
      { address: ramStart, size: 400 * pageBytes, offset: 600 * pageBytes },
      { address: pageAt(400), size: 600 * pageBytes, offset: 0 },
    ],
  });
  const verdict = await ram.checkStopped(rangeOf(1000));
  assert.equal(verdict.intact, true);
  assert.equal(onlySlice(verdict).edge, pageAt(700));
});

test('a raw dump on disk is read with pread and judged the same', async (t) => {
  const stamps = soundStamps(300, 100, 1);
  stamps[250] = 200;
  const path = join(folderFor(t), 'ram');
  const file = openSync(path, 'w');
  ftruncateSync(file, stamps.length * pageBytes);
  stamps.forEach((stamp, page) => writeSync(file, Uint8Array.of(stamp), 0, 1, page * pageBytes));
  closeSync(file);
  const regions = [{ address: ramStart, size: stamps.length * pageBytes, offset: 0 }];
  await using ram = await openSharedRam({ path, regions });
  assert.equal(ram.source, `pread of ${path}`);
  const verdict = await ram.checkStopped(rangeOf(300));
  assert.deepEqual(namedPages(verdict), [250]);
  assert.equal(verdict.kernel, 'pread');
});
