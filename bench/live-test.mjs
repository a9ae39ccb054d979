/**
 * One live test from the command line to its exit, and where the time goes.
 *
 *   node bench/live-test.mjs [--qemu COMMAND] [--runs 11] [--test PATH] [--json FILE]
 *
 * The answer is checked: every run must exit 0 with the one test passed and a verdict over all pages.
 * Times are wall clock of a process as a whole; the machine's noise shows in the spread.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { hostFacts, hostLine, root, scratchFolder, writeResults } from './rounds.mjs';

const main = path.join(root, 'dist', 'cli', 'main.js');
const phases = ['prepare', 'launch', 'warm-up', 'migrate', 'verify', 'end'];

const { values } = parseArgs({
  options: {
    qemu: { type: 'string', default: 'qemu-system-x86_64' },
    runs: { type: 'string', default: '11' },
    test: { type: 'string', default: 'precopy/unix/plain' },
    json: { type: 'string' },
  },
});
const runs = Number(values.runs);
if (!Number.isSafeInteger(runs) || runs < 1)
  throw new Error(`--runs: expected a count, not '${values.runs}'`);

const scratch = scratchFolder();
await measure(true); // warms the page cache and the probe cache
const samples = [];
for (let run = 0; run < runs; run++) samples.push(await measure(false));
print(samples);

async function measure(warmUp) {
  const file = path.join(scratch, 'result.json');
  const args = ['run', '-p', values.test, '--qemu', values.qemu, '--accel', 'tcg', '--json', file];
  const startedAt = Date.now();
  const start = performance.now();
  await promisify(execFile)(process.execPath, [main, ...args], { timeout: 120_000 });
  const wallMs = performance.now() - start;
  const { run, tests } = JSON.parse(readFileSync(file, 'utf8'));
  if (tests.length !== 1 || tests[0].outcome.kind !== 'passed') {
    throw new Error(`not one passed test: ${JSON.stringify(tests.map(({ outcome }) => outcome))}`);
  }
  const [{ outcome, phases: timings, durationMs }] = tests;
  if (outcome.verdict?.pages !== 25344 || outcome.verdict.damagedPages !== 0) {
    throw new Error(`the verdict is not over all pages: ${JSON.stringify(outcome.verdict)}`);
  }
  const startUpMs = new Date(run.time).getTime() - startedAt;
  const split = Object.fromEntries(timings.map(({ phase, durationMs: ms }) => [phase, ms]));
  return { warmUp, wallMs, startUpMs, split, aroundMs: wallMs - startUpMs - durationMs };
}

function print(samples) {
  const column = (pick) => samples.map(pick).sort((a, b) => a - b);
  const rows = [
    ['our start-up (process, probe cache, plan)', column((s) => s.startUpMs)],
    ...phases.map((phase) => [phase, column((s) => s.split[phase] ?? 0)]),
    ['around the test (threads, reports, exit)', column((s) => s.aroundMs)],
    ['from command to exit', column((s) => s.wallMs)],
  ];
  console.log(`${values.test} with ${values.qemu}: ${runs} runs after one warm-up, milliseconds`);
  console.log(hostLine(hostFacts()));
  console.log(`${''.padEnd(44)}${'min'.padStart(8)}${'median'.padStart(8)}${'max'.padStart(8)}`);
  for (const [name, values_] of rows) {
    const figures = [values_[0], values_[Math.floor(values_.length / 2)], values_.at(-1)];
    console.log(name.padEnd(44) + figures.map((ms) => ms.toFixed(0).padStart(8)).join(''));
  }
  writeResults(values.json, { values, samples });
}
