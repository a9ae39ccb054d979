// `drover scan` on compressed migration files beside the bare program that unpacks them: `zstd -dc FILE >/dev/null`.
//
//   node bench/compressed.mjs [--size-gib 2] [--rounds 5] [--dir FOLDER] [--json FILE]
//
// Needs a finished build (npm run build), zstd and gzip. The stream holds stamped pages, which hardly compress: there the
// program has the least to do for each byte, and Drover the most. Rounds alternate between the two sides, the ratio is
// taken per round, and the median is what counts. A verdict that is not clean ends the benchmark.
import { execFileSync } from 'node:child_process';
import { rmSync, statSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { median } from 'simple-statistics';
import {
  GiB,
  alternate,
  builtProgram,
  fileOptions,
  holding,
  hostFacts,
  hostLine,
  root,
  scratchFolder,
  timedMs,
  writeResults,
} from './rounds.mjs';
import { lineChild } from './scan-lines.mjs';

const options = fileOptions('2');
const target = 0.8;
const { bytes, rounds } = options;
const results = { host: hostFacts(), bytes, cases: [] };
const folder = scratchFolder(options.dir);
const drover = path.join(root, 'dist', 'cli', 'main.js');

const run = (program, ...args) =>
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });

async function compare(program, suffix, file) {
  run(program, ...(program === 'gzip' ? ['-1'] : ['-q']), '-k', file);
  const packed = `${file}${suffix}`;
  const words = ['scan', '--level', 'page', '--range', `0-${bytes}`, '--no-map', packed];
  // execFileSync throws unless the exit code is 0: clean.
  const env = { ...process.env, TMPDIR: folder };
  const scan = () =>
    timedMs(() => execFileSync(process.execPath, [drover, ...words], { env, stdio: 'pipe' }));
  const bare = () => timedMs(() => run('sh', '-c', `exec ${program} -dc "$0" >/dev/null`, packed));
  await bare();
  const samples = await alternate(rounds, bare, scan);
  const ratios = samples.map(({ floorMs, droverMs }) => floorMs / droverMs);
  const ms = median(samples.map(({ droverMs }) => droverMs));
  const bareMs = median(samples.map(({ floorMs }) => floorMs));
  const ratio = median(ratios);
  results.cases.push({ program, packedBytes: statSync(packed).size, samples, ratio });
  writeResults(options.json, results);
  console.log(
    `${program.padEnd(6)} ${(statSync(packed).size / GiB).toFixed(2)} GiB packed: ${ms.toFixed(0)} ms beside ${bareMs.toFixed(0)} ms, ` +
      `rate x ${ratio.toFixed(2)} [${Math.min(...ratios).toFixed(2)}-${Math.max(...ratios).toFixed(2)}] ` +
      `(target ${target}) ${ratio >= target ? 'ok' : 'MISSED'}`,
  );
  rmSync(packed);
}

console.log(hostLine(results.host));
console.log(`stream of ${bytes / GiB} GiB, ${rounds} rounds, medians, files in ${options.dir}\n`);
await holding(lineChild(builtProgram('drover-engine-floor'), []), async (floor) => {
  const file = path.join(folder, 'stream');
  const edge = Math.floor((bytes / 4096) * 0.6);
  const answer = await floor.ask(`make stream ${file} ${bytes} ${edge} ${0x1234} 0 0`);
  if (answer !== 'ok') throw new Error(`${file}: ${answer}`);
  await compare('zstd', '.zst', file);
  await compare('gzip', '.gz', file);
});
