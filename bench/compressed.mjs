// `drover scan` on compressed migration files beside the program that unpacks them: `zstd -dc FILE >/dev/null`, and `zstd -dc FILE
// >OTHER`, which is what has to be done first without Drover.
//
//   node bench/compressed.mjs [--size-gib 2] [--rounds 5] [--dir FOLDER] [--json FILE]
//
// Needs a finished build (npm run build), zstd and gzip. Memory is like that of a machine in use: the pages of a program
// (Node's own), and every fourth one zero. The sides of a round take turns, the ratio is taken per round, and the median is
// what counts. A scan that counts another number of zero pages ends the benchmark.
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

async function compare(program, suffix, file, zeroes) {
  run(program, ...(program === 'gzip' ? ['-1'] : ['-q']), '-k', file);
  const packed = `${file}${suffix}`;
  const unpacked = path.join(folder, 'unpacked');
  const env = { ...process.env, TMPDIR: folder };
  const words = ['scan', '--level', 'zero', '--no-map', '--json', packed];
  const scan = () =>
    timedMs(() => {
      const text = execFileSync(process.execPath, [drover, ...words], { env, encoding: 'utf8' });
      const [block] = JSON.parse(text).blocks;
      if (block.zero !== zeroes) throw new Error(`${block.zero} zero pages instead of ${zeroes}`);
    });
  const into = (target) =>
    timedMs(() => run('sh', '-c', `exec ${program} -dc "$0" >"$1"`, packed, target));
  await into('/dev/null');
  const toFile = [];
  const both = async () => {
    const ms = await into('/dev/null');
    toFile.push(await into(unpacked));
    rmSync(unpacked);
    return ms;
  };
  const samples = await alternate(rounds, both, scan);
  samples.forEach((sample, index) => (sample.toFileMs = toFile[index]));
  const ms = median(samples.map(({ droverMs }) => droverMs));
  const result = {
    program,
    packedBytes: statSync(packed).size,
    samples,
    ratio: median(samples.map(({ floorMs, droverMs }) => floorMs / droverMs)),
    ratioToFile: median(samples.map(({ toFileMs, droverMs }) => toFileMs / droverMs)),
  };
  results.cases.push(result);
  writeResults(options.json, results);
  const beside = (side) => `${median(samples.map((sample) => sample[side])).toFixed(0)} ms`;
  console.log(
    `${program.padEnd(6)} ${(result.packedBytes / GiB).toFixed(2)} GiB packed: scanned in ${ms.toFixed(0)} ms; ` +
      `unpacked to /dev/null in ${beside('floorMs')}, rate x ${result.ratio.toFixed(2)} (target ${target}) ` +
      `${result.ratio >= target ? 'ok' : 'MISSED'}; to a file in ${beside('toFileMs')}, rate x ${result.ratioToFile.toFixed(2)}`,
  );
  rmSync(packed);
}

console.log(hostLine(results.host));
console.log(`stream of ${bytes / GiB} GiB, ${rounds} rounds, medians, files in ${options.dir}\n`);
await holding(lineChild(builtProgram('drover-engine-floor'), []), async (floor) => {
  const file = path.join(folder, 'stream');
  const answer = await floor.ask(`program ${file} ${bytes} ${process.execPath}`);
  const zeroes = Number(/^ok (\d+)$/.exec(answer)?.[1]);
  if (Number.isNaN(zeroes)) throw new Error(`${file}: ${answer}`);
  await compare('zstd', '.zst', file, zeroes);
  await compare('gzip', '.gz', file, zeroes);
});
