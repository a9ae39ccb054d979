// The comparison of two memory images, beside memcmp() over the same two mapped files (engine-floor.cc): what `drover diff`,
// `drover arrival` and the arrival check of a test cost.
//
//   node bench/diff.mjs [--size-gib 4] [--rounds 5] [--dir /dev/shm] [--json FILE]
//
// Needs a finished build (npm run build), and room for two files of that size in DIR, which should be in memory. Rounds alternate
// between the two, the ratio is taken per round, and each answer is checked: first all pages are equal, then one byte differs.
import { closeSync, copyFileSync, openSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
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

const { bytes, rounds, dir, json } = fileOptions('4');
const target = 0.8;
const pageBytes = 4096;
const folder = scratchFolder(dir);
const [first, second] = ['first', 'second'].map((name) => path.join(folder, name));
const results = { host: hostFacts(), bytes, cases: [] };

/** Opens, compares and closes, as the command does. */
async function droverMs(wanted) {
  return await timedMs(async () => {
    const images = [await openImage([first], {}), await openImage([second], {})];
    try {
      const place = { firstBlock: 0, firstStart: 0, secondBlock: 0, secondStart: 0 };
      const request = { ...place, length: bytes, limit: 8 };
      const found = await images[0].diff(images[1], request);
      if (found.differentPages !== wanted || found.pages !== bytes / pageBytes)
        throw new Error(`wrong answer: ${found.differentPages} of ${found.pages} pages differ`);
    } finally {
      for (const image of images) image[Symbol.dispose]();
    }
  });
}

console.log(hostLine(results.host));
console.log(`${bytes / GiB} GiB each, ${rounds} rounds, medians, files in ${dir}\n`);
await holding(lineChild(builtProgram('drover-engine-floor'), []), async (floor) => {
  const made = await floor.ask(`make raw ${first} ${bytes} ${bytes / pageBytes / 2} 1000 0 0`);
  if (made !== 'ok') throw new Error(`${first}: ${made}`);
  copyFileSync(first, second);
  const floorMs = async () => {
    const [ms, equal] = (await floor.ask(`equal ${first} ${second} ${bytes}`))
      .split(' ')
      .map(Number);
    if (equal !== bytes) throw new Error(`memcmp finds ${equal} equal bytes of ${bytes}`);
    return ms;
  };
  await floorMs();
  const samples = await alternate(rounds, floorMs, () => droverMs(0));
  const ratios = samples.map(({ floorMs: least, droverMs: ours }) => least / ours);
  const ratio = median(ratios);
  results.cases.push({ name: 'equal', samples, ratio });
  writeResults(json, results);
  const ours = median(samples.map((sample) => sample.droverMs));
  const least = median(samples.map((sample) => sample.floorMs));
  console.log(
    `equal: ${ours.toFixed(0)} ms beside ${least.toFixed(0)} ms, rate x ${ratio.toFixed(2)} ` +
      `[${Math.min(...ratios).toFixed(2)}-${Math.max(...ratios).toFixed(2)}] of memcmp ` +
      `(target ${target}) ${ratio >= target ? 'ok' : 'MISSED'}`,
  );
  const fd = openSync(second, 'r+');
  writeSync(fd, Buffer.of(0x5a), 0, 1, bytes - 1);
  closeSync(fd);
  await droverMs(1);
  for (const file of [first, second]) rmSync(file);
});
