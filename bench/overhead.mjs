// How much time the runner itself takes: 1,000 tests that start no QEMU, through the whole command line, and how much memory the
// main process uses at 1,000 and at 4,000. Usage: node bench/overhead.mjs [COUNT] [QEMU]
// Expected answer: every test passed and none is missing; anything else is a failure, however fast.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { root, scratchFolder } from './rounds.mjs';

const main = path.join(root, 'dist', 'cli', 'main.js');
const [count = 1000, qemu = 'qemu-system-x86_64'] = [
  Number(process.argv[2] ?? 1000),
  process.argv[3],
];
const folder = scratchFolder();

function moduleOf(tests) {
  const file = path.join(folder, `no-op-${tests}.mjs`);
  writeFileSync(
    file,
    `import { migrationTest } from 'drover';
export default Array.from({ length: ${tests} }, (_, index) =>
  migrationTest({
    path: '/no-op/' + index,
    level: 'smoke',
    takes: { machines: 0 },
    run: async () => ({}),
  }),
);
`,
  );
  return file;
}

/** wall and CPU time, and the high-water mark of the main process's memory */
function measure(tests) {
  const out = path.join(folder, `out-${tests}`);
  const args = ['run', '--qemu', qemu, '--accel', 'tcg', '--tests', moduleOf(tests), '--out', out];
  const startMs = performance.now();
  const ran = spawnSync(process.execPath, ['--import', watch(), main, ...args], {
    encoding: 'utf8',
    env: { ...process.env, TMPDIR: folder },
  });
  const wallMs = performance.now() - startMs;
  const events = readFileSync(path.join(out, 'events.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const end = events.at(-1);
  const passed = events.filter(({ outcome }) => outcome?.kind === 'passed').length;
  if (ran.status !== 0 || passed !== tests || end.counts.passed !== tests) {
    throw new Error(
      `expected ${tests} passed tests, got ${passed}, exit ${ran.status}\n${ran.stderr}`,
    );
  }
  const { maxRssMiB, heapMiB, cpuMs } = JSON.parse(
    readFileSync(path.join(folder, 'use.json'), 'utf8'),
  );
  return { tests, wallMs, runMs: end.durationMs, cpuMs, maxRssMiB, heapMiB };
}

/** a module that writes down, at exit, what the process with all its threads used */
function watch() {
  const file = path.join(folder, 'watch.mjs');
  const use = JSON.stringify(path.join(folder, 'use.json'));
  writeFileSync(
    file,
    `import { writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
if (isMainThread) process.on('exit', () => {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  writeFileSync(${use}, JSON.stringify({ maxRssMiB: maxRSS / 1024, heapMiB: process.memoryUsage().heapUsed / 2 ** 20, cpuMs: (userCPUTime + systemCPUTime) / 1000 }));
});
`,
  );
  return file;
}

measure(10); // probes are kept from here on
for (const tests of [count, 4 * count]) {
  const { wallMs, runMs, cpuMs, maxRssMiB, heapMiB } = measure(tests);
  const each = (runMs / tests).toFixed(2);
  process.stdout.write(
    `${tests} tests: ${(wallMs / 1000).toFixed(2)} s in all, ${(runMs / 1000).toFixed(2)} s of it the run (${each} ms a test), ` +
      `${(cpuMs / 1000).toFixed(2)} s CPU, ${maxRssMiB.toFixed(0)} MiB at most with all threads, ${heapMiB.toFixed(0)} MiB on the main thread's heap at the end\n`,
  );
}
