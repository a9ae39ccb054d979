// The whole catalogue, as a user runs it: wall time, where it goes test by test, and the processor time of Drover itself
// beside that of the QEMUs it starts.
//
//   node bench/suite.mjs [--qemu COMMAND]... [--jobs 2,4] [--rounds 3] [--level thorough] [--all] [--slowest 15]
//                        [--json FILE]
//
// Upstream's tests alone, so that the time can be compared with that of upstream's program; --all: Drover's own too.
//
// Needs a finished build (npm run build). Without --qemu: what scripts/get-qemu.sh has unpacked (10.0 and 11.1). Rounds are
// interleaved over all QEMUs and numbers of jobs, so that a busy moment of the host slows all alike. A run in which a test
// fails ends the benchmark: the speed of a wrong answer means nothing.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { median } from 'simple-statistics';
import { allTests } from '../dist/suite/registry.js';
import {
  hostFacts,
  hostLine,
  processorTime,
  root,
  scratchFolder,
  writeResults,
} from './rounds.mjs';

const { values: options } = parseArgs({
  options: {
    qemu: { type: 'string', multiple: true },
    jobs: { type: 'string', default: '2,4' },
    rounds: { type: 'string', default: '3' },
    level: { type: 'string', default: 'thorough' },
    all: { type: 'boolean', default: false },
    slowest: { type: 'string', default: '15' },
    json: { type: 'string' },
  },
});

const fetched = ['10.0', '11.1']
  .map((version) => path.join(root, '.qemu', version, 'bin', 'qemu-system-x86_64'))
  .filter((file) => existsSync(file));
const qemus = options.qemu ?? fetched;
if (qemus.length === 0)
  throw new Error('no QEMU: give --qemu COMMAND, or run scripts/get-qemu.sh 10.0');
const own = allTests.filter(({ origin }) => origin === 'drover');
const left = options.all ? [] : own.flatMap(({ path }) => ['-s', path]);
const jobs = options.jobs.split(',').map(Number);
const rounds = Number(options.rounds);

// What a host adds to the start of every Node, such as certificates to read, is not Drover's.
const { NODE_EXTRA_CA_CERTS: _certificates, NODE_OPTIONS: _options, ...env } = process.env;

async function runOnce(qemu, workers, file) {
  const words = ['run', '--accel', 'tcg', '--level', options.level, '--qemu', qemu];
  const rest = [...left, '-j', String(workers), '--json', file];
  const startedMs = performance.now();
  const child = spawn(process.execPath, [path.join(root, 'dist/cli/main.js'), ...words, ...rest], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env,
  });
  let printed = '';
  child.stdout.on('data', (chunk) => (printed += chunk));
  const ended = new Promise((resolve) => child.once('close', resolve));
  let last = { own: 0, children: 0 };
  const over = new AbortController();
  const watch = async () => {
    while (!over.signal.aborted) {
      last = processorTime(child.pid) ?? last;
      await sleep(10);
    }
  };
  const watching = watch();
  const code = await ended;
  const wallS = (performance.now() - startedMs) / 1000;
  over.abort();
  await watching;
  if (code !== 0)
    throw new Error(`${qemu}, -j ${workers}: exit code ${code}\n${printed.slice(-4000)}`);
  const { tests } = JSON.parse(readFileSync(file, 'utf8'));
  const passed = tests.filter(({ outcome }) => outcome.kind === 'passed');
  const skipped = tests.filter(({ outcome }) => outcome.kind === 'skipped');
  if (passed.length === 0 || passed.length + skipped.length !== tests.length) {
    throw new Error(`${qemu}, -j ${workers}: not every test passed or was skipped`);
  }
  return {
    wallS,
    droverS: last.own,
    qemuS: last.children,
    passed: passed.length,
    skipped: skipped.length,
    tests: passed.map(({ test, durationMs }) => ({ test, durationMs })),
  };
}

const s = (value) => `${value.toFixed(1)} s`;

function printResults(results) {
  for (const { qemu, workers, samples } of results.cases) {
    const of = (key) => median(samples.map((sample) => sample[key]));
    const share = of('droverS') / (of('droverS') + of('qemuS'));
    console.log(
      `${qemu}, -j ${workers}: ${samples[0].passed} passed, ${samples[0].skipped} skipped, ` +
        `wall ${s(of('wallS'))} (${samples.map(({ wallS }) => wallS.toFixed(1)).join(', ')}); ` +
        `processor: Drover ${s(of('droverS'))}, QEMUs ${s(of('qemuS'))}, so Drover ${(share * 100).toFixed(1)} %`,
    );
  }
  const first = results.cases[0];
  const names = [...new Set(first.samples.flatMap(({ tests }) => tests.map(({ test }) => test)))];
  const times = names.map((test) => ({
    test,
    ms: median(
      first.samples.flatMap(({ tests }) =>
        tests.filter((found) => found.test === test).map(({ durationMs }) => durationMs),
      ),
    ),
  }));
  console.log(`slowest tests of ${first.qemu}, -j ${first.workers}, median:`);
  for (const { test, ms } of times.sort((a, b) => b.ms - a.ms).slice(0, Number(options.slowest))) {
    console.log(`  ${s(ms / 1000).padStart(7)}  ${test}`);
  }
}

const results = { host: hostFacts(), level: options.level, rounds, cases: [] };
results.cases = qemus.flatMap((qemu) => jobs.map((workers) => ({ qemu, workers, samples: [] })));
console.log(hostLine(results.host));
const folder = scratchFolder();
for (let round = 0; round < rounds; round++) {
  for (const { qemu, workers, samples } of results.cases) {
    samples.push(await runOnce(qemu, workers, path.join(folder, 'run.json')));
    writeResults(options.json, results);
  }
}
printResults(results);
