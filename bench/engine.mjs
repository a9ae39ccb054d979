// The memory engine on files: what a user waits for from opening a file to its verdict, beside the least that such reads
// cost (engine-floor.cc).
//
//   node bench/engine.mjs [--size-gib 8] [--rounds 5] [--dir FOLDER] [--json FILE]
//
// Needs a finished build (npm run build). Files are made with known content and flushed, so that they lie in the page
// cache, and are removed when their turn is over. Rounds alternate between the two sides, the ratio is taken per round,
// and the median is what counts. Each answer is checked; a wrong one ends the benchmark.
import { rmSync, statSync, statfsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { median } from 'simple-statistics';
import { openImage } from '../dist/memory/image.js';
import {
  GiB,
  alternate,
  builtProgram,
  fileOptions,
  holding,
  hostFacts,
  hostLine,
  scratchFolder,
  timedMs,
  writeResults,
} from './rounds.mjs';
import { lineChild } from './scan-lines.mjs';
import { readRecords } from './stream-reader.mjs';

const options = fileOptions('8');
const pageBytes = 4096;
const { bytes: rawBytes, rounds } = options;
const streamBytes = rawBytes / 2;
const generation = 0x1234;
/** analyze-migration.py of QEMU 10.2 on a stream of 4 GiB in the page cache, MiB/s, on a 2-core EPYC */
const analyzerMibPerS = 270;

const results = { host: hostFacts(), rawBytes, streamBytes, rounds, cases: [] };
const folder = scratchFolder(options.dir);

const edgeOf = (bytes) => Math.floor((bytes / pageBytes) * 0.6);
const gibPerS = (bytes, ms) => bytes / GiB / (ms / 1000);

async function make(floor, kind, bytes, { stride = 0, run = 0 } = {}) {
  const file = path.join(folder, `${kind}-${bytes}`);
  const words = ['make', kind, file, bytes, edgeOf(bytes), generation, stride, run];
  const answer = await floor.ask(words.join(' '));
  if (answer !== 'ok') throw new Error(`${file}: ${answer}`);
  return file;
}

/** The first byte of each page, summed: what the floor loop must find. */
function sumOfBytes(bytes) {
  const edge = edgeOf(bytes);
  return edge * (generation % 256) + (bytes / pageBytes - edge) * ((generation - 1) % 256);
}

/** Floor: map, read, unmap. The sum of words is only known to be the same each time. */
const known = new Map();
async function floorMs(floor, what, file, bytes) {
  const [ms, sum] = (await floor.ask(`sum ${what} ${file} ${bytes}`)).split(' ');
  const wanted = what === 'bytes' ? String(sumOfBytes(bytes)) : (known.get(file) ?? sum);
  known.set(file, what === 'words' ? sum : known.get(file));
  if (sum !== wanted || sum === '0') throw new Error(`the floor's answer for ${file} is ${sum}`);
  return Number(ms);
}

function requireVerdict([verdict], level, bytes) {
  const right =
    verdict.damagedPages === 0 &&
    verdict.pages === bytes / pageBytes &&
    verdict.edge === edgeOf(bytes) * pageBytes &&
    Number(verdict.generation) === (level === 'byte' ? generation % 256 : generation);
  if (!right) throw new Error(`wrong verdict: ${JSON.stringify(verdict, (_, v) => String(v))}`);
}

/** Opens, checks and closes, as the command does; `look` is called with the open image. */
async function droverMs(file, level, bytes, { threads, look } = {}) {
  return await timedMs(async () => {
    const image = await openImage([file], { temporaryFolder: folder });
    try {
      const slices = [{ start: 0, end: bytes }];
      const request = { level, block: 0, blockAddress: 0, slices, step: pageBytes };
      requireVerdict(await image.check({ ...request, threads }), level, bytes);
      await look?.(image);
    } finally {
      image[Symbol.dispose]();
    }
  });
}

function record(name, bytes, samples, { target, better = 'less', text = '' } = {}) {
  const ratios = samples.map(({ floorMs, droverMs }) => droverMs / floorMs);
  const ratio = median(ratios);
  const drover = median(samples.map(({ droverMs }) => droverMs));
  const floor = median(samples.map(({ floorMs }) => floorMs));
  results.cases.push({ name, bytes, samples, droverMs: drover, floorMs: floor, ratio });
  writeResults(options.json, results);
  const shownRatios = better === 'less' ? ratios : ratios.map((one) => 1 / one);
  const shown = median(shownRatios);
  const met = better === 'less' ? shown <= target : shown >= target;
  const goal = target === undefined ? '' : ` (target ${target}) ${met ? 'ok' : 'MISSED'}`;
  console.log(
    `${name.padEnd(44)} ${drover.toFixed(0).padStart(6)} ms ${gibPerS(bytes, drover).toFixed(2).padStart(6)} GiB/s   ` +
      `beside ${floor.toFixed(0).padStart(6)} ms   ` +
      `${better === 'less' ? 'time' : 'rate'} x ${shown.toFixed(2)} [${Math.min(...shownRatios).toFixed(2)}-${Math.max(...shownRatios).toFixed(2)}]${goal}${text}`,
  );
}

async function rawCases(floor, raw) {
  const bytesOnce = () => floorMs(floor, 'bytes', raw, rawBytes);
  const wordsOnce = () => floorMs(floor, 'words', raw, rawBytes);
  await bytesOnce();
  for (const threads of [1, undefined]) {
    const suffix = threads === 1 ? '1 thread' : 'all threads';
    const target = threads === 1 ? undefined : 1.2;
    const byte = await alternate(rounds, bytesOnce, () =>
      droverMs(raw, 'byte', rawBytes, { threads }),
    );
    record(`raw, byte, ${suffix}; floor loop`, rawBytes, byte, { target });
    const page = await alternate(rounds, wordsOnce, () =>
      droverMs(raw, 'page', rawBytes, { threads }),
    );
    const goal = { target: threads === 1 ? undefined : 0.8, better: 'more' };
    record(`raw, page, ${suffix}; read everything`, rawBytes, page, goal);
  }
}

async function streamCases(stream) {
  const pages = streamBytes / pageBytes;
  const plainMs = () =>
    timedMs(() => {
      const found = readRecords(stream);
      if (found !== pages) throw new Error(`the plain reader finds ${found} pages of ${pages}`);
    });
  const heapBefore = process.memoryUsage().heapUsed;
  let heapMost = heapBefore;
  let indexBytes = 0;
  const look = (image) => {
    indexBytes = image.indexBytes;
    heapMost = Math.max(heapMost, process.memoryUsage().heapUsed);
  };
  for (const level of ['byte', 'page']) {
    const samples = await alternate(rounds, plainMs, () =>
      droverMs(stream, level, streamBytes, { look }),
    );
    const rate = gibPerS(streamBytes, median(samples.map(({ droverMs }) => droverMs)));
    const times = (rate * 1024) / analyzerMibPerS;
    // At level page every byte is read, so the time is compared with that of the raw image above.
    const met = rate >= 5.5 && times >= 20 ? 'ok' : 'MISSED';
    const goal = level === 'byte' ? ` (targets 5.5 GiB/s, 20 times) ${met}` : '';
    record(`stream, index and ${level}; plain JavaScript`, streamBytes, samples, {
      better: 'more',
      text: `; ${times.toFixed(1)} times ${analyzerMibPerS} MiB/s${goal}`,
    });
  }
  const perPage = indexBytes / pages;
  const heapMib = (heapMost - heapBefore) / 2 ** 20;
  Object.assign(results, { indexBytesPerPage: perPage, heapGrowthMib: heapMib });
  console.log(
    `stream, index: ${perPage.toFixed(3)} bytes a page (target below 16) ${perPage < 16 ? 'ok' : 'MISSED'}; ` +
      `JavaScript heap grew by ${heapMib.toFixed(1)} MiB (target below 64) ${heapMib < 64 ? 'ok' : 'MISSED'}`,
  );
}

async function mappedCases(mapped, raw) {
  for (const level of ['byte', 'page']) {
    const samples = await alternate(
      rounds,
      () => droverMs(raw, level, streamBytes),
      () => droverMs(mapped, level, streamBytes),
    );
    record(`mapped-ram, ${level}; raw of that size`, streamBytes, samples, { target: 1.3 });
  }
}

/** 1 TiB, of which 1 GiB is there: 16 stretches. Both what is there and what is not are counted. */
async function sparseCases(floor) {
  const bytes = 2 ** 40;
  const run = GiB / 16;
  for (const kind of ['raw', 'mapped']) {
    const file = await make(floor, kind, bytes, { stride: bytes / 16, run });
    const there = GiB / pageBytes;
    const samples = [];
    for (let round = 0; round < rounds; round++) {
      const startedMs = performance.now();
      const image = await openImage([file], { temporaryFolder: folder });
      try {
        const { data, zero } = await countPages(image);
        if (data !== there || zero !== bytes / pageBytes - there)
          throw new Error(`${file}: ${data} pages with data, ${zero} zero ones`);
        const slices = Array.from({ length: 16 }, (_, index) => {
          const start = (index * bytes) / 16;
          return { start, end: start + run };
        });
        const request = { level: 'page', block: 0, blockAddress: 0, slices, step: pageBytes };
        const verdicts = await image.check(request);
        if (
          verdicts.some(({ damagedPages, pages }) => damagedPages > 0 || pages !== run / pageBytes)
        )
          throw new Error(`${file}: damage where there is none`);
      } finally {
        image[Symbol.dispose]();
      }
      samples.push(performance.now() - startedMs);
    }
    const ms = median(samples);
    results.cases.push({ name: `sparse ${kind}`, bytes, samples, droverMs: ms });
    writeResults(options.json, results);
    console.log(
      `1 TiB ${kind}, 1 GiB of it there: counted and checked in ${ms.toFixed(0)} ms ` +
        `[${Math.min(...samples).toFixed(0)}-${Math.max(...samples).toFixed(0)}] (target 3000) ${ms < 3000 ? 'ok' : 'MISSED'}; ` +
        `${((statSync(file).blocks * 512) / GiB).toFixed(2)} GiB on disk`,
    );
    rmSync(file);
  }
}

async function countPages(image) {
  const found = await image.statistics(0, true);
  const pages = image.blocks[0].length / pageBytes;
  return { zero: found.zeroContent, data: pages - found.zeroContent };
}

function requireRoom() {
  const wanted = rawBytes + 2 * streamBytes;
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize < wanted * 1.1)
    throw new Error(`${folder}: ${Math.ceil((wanted * 1.1) / GiB)} GiB of free disk are needed`);
  // What does not stay in the page cache measures the disk.
  if (os.totalmem() < wanted * 1.2)
    throw new Error(
      `${Math.ceil((wanted * 1.2) / GiB)} GiB of memory are needed; take a smaller --size-gib`,
    );
}

async function main() {
  console.log(hostLine(results.host));
  console.log(
    `raw ${rawBytes / GiB} GiB, streams ${streamBytes / GiB} GiB, ${rounds} rounds, medians, ` +
      `files in ${options.dir}\n`,
  );
  requireRoom();
  await holding(lineChild(builtProgram('drover-engine-floor'), []), async (floor) => {
    const raw = await make(floor, 'raw', rawBytes);
    await rawCases(floor, raw);
    const mapped = await make(floor, 'mapped', streamBytes);
    const half = await make(floor, 'raw', streamBytes);
    await mappedCases(mapped, half);
    for (const file of [raw, half, mapped]) rmSync(file);
    const stream = await make(floor, 'stream', streamBytes);
    await streamCases(stream);
    rmSync(stream);
    await sparseCases(floor);
  });
}

await main();
