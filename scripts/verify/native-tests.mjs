// The native tests: built and run under sanitizers, and the kernels of another processor, NEON among them, built by a cross
// compiler and run by qemu-user. Leaves out the addon: set-up builds it, and the TypeScript tests load it.
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { ending, runCommand, tailOf } from '../setup/command.mjs';
import { ROOT, removeUnusableCache } from '../setup/stages.mjs';
import { onPath } from '../setup/system.mjs';
import { finding, timed } from './tally.mjs';

const LIMITS = { cwd: ROOT, timeoutMs: 3_600_000 };

/** Runs CMake for a tree of its own, so that a second run compiles only what changed. */
export function configure({ folder, source = '.', options }, run = runCommand) {
  removeUnusableCache(folder, source);
  const generator = onPath('ninja') ? ['-G', 'Ninja'] : [];
  return run(['cmake', '-S', source, '-B', folder, ...generator, ...options], LIMITS);
}

export const build = ({ folder }, run = runCommand) =>
  run(['cmake', '--build', folder, '--parallel', String(availableParallelism())], LIMITS);

/** The core and its tests, without the addon; sanitized code is compiled for a quick build, it is slow anyway. */
export const coreOptions = ({ sanitizers = '', unity }) => [
  ...['-DDROVER_ADDON=OFF', '-DDROVER_TESTS=ON', '-DDROVER_WERROR=ON'],
  ...['-DCMAKE_BUILD_TYPE=Release', '-DCMAKE_CXX_FLAGS_RELEASE=-O1'],
  ...[`-DDROVER_SANITIZE=${sanitizers}`, `-DDROVER_UNITY=${unity ? 'ON' : 'OFF'}`],
];

const sanitized = (title, folder, sanitizers) => ({
  ...{ title, folder, options: coreOptions({ sanitizers, unity: true }) },
  async run() {
    const options = ['--verbose', '--no-tests=error', '--timeout', '1800'];
    const command = ['ctest', '--test-dir', folder, ...options];
    const result = await runCommand(command, LIMITS);
    // Where the kernel scatters addresses widely, g++ 12's thread sanitizer cannot start unless the kernel is asked
    // not to scatter; a container may forbid that, so it is the second try.
    if (result.ok || !result.output.includes('unexpected memory mapping')) return result;
    return runCommand(['setarch', '-R', ...command], LIMITS);
  },
});

/** Emulation says nothing of speed. */
const CROSS = {
  title: 'kernels on aarch64 (qemu-user)',
  folder: 'build/aarch64',
  source: 'native/tests/aarch64',
  // Not when this file is loaded: set-up may install doctest after that.
  get options() {
    const doctest = ['/usr/include/doctest', '/usr/local/include/doctest'].find(existsSync);
    return [
      ...['-DCMAKE_SYSTEM_NAME=Linux', '-DCMAKE_SYSTEM_PROCESSOR=aarch64'],
      '-DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++',
      `-DDOCTEST=${doctest ?? ''}`,
    ];
  },
  async run() {
    const emulator = onPath('qemu-aarch64-static') ?? 'qemu-aarch64';
    const program = path.join(ROOT, CROSS.folder, 'drover-kernel-tests');
    return runCommand([emulator, program], LIMITS);
  },
};

const DOCTEST_SUM =
  /^(?:(\d+): )?\[doctest\] test cases:\s*\d+\s*\|\s*(\d+) passed\s*\|\s*(\d+) failed\s*\|\s*(\d+) skipped/gm;

/**
 * The test cases that doctest counts, over all programs that ctest ran. Of several sums under one number
 * the last is the program's own: the others are of children that a test forked.
 */
export function doctestSums(output) {
  const last = new Map();
  for (const [, program, ...counts] of output.matchAll(DOCTEST_SUM)) last.set(program, counts);
  const sums = { passed: 0, failed: 0, skipped: 0 };
  for (const [passed, failed, skipped] of last.values()) {
    sums.passed += Number(passed);
    sums.failed += Number(failed);
    sums.skipped += Number(skipped);
  }
  return sums;
}

async function testTree(tree) {
  const [result, tookMs] = await timed(async () => {
    let last;
    for (const step of [configure, build, tree.run]) {
      last = await step(tree);
      if (!last.ok) break;
    }
    return last;
  });
  const sums = doctestSums(result.output);
  // A crash, a leak or a build that failed is counted by no test case.
  const ranNone = result.ok && sums.passed === 0;
  if ((!result.ok || ranNone) && sums.failed === 0) sums.failed = 1;
  const why = ranNone ? 'no test ran' : ending(result);
  return finding(tree.title, tookMs, {
    ...sums,
    skips: Array.from({ length: sums.skipped }, () => `left out by ${tree.title}`),
    detail: sums.failed === 0 ? undefined : `${why}\n${tailOf(result.output, 80)}`,
  });
}

/** At once: each program of tests runs on one processor, while the other tree is still compiled. */
export async function nativeTests() {
  const trees = [
    sanitized('native tests (address, undefined)', 'build/native-asan', 'address,undefined'),
    sanitized('native tests (thread)', 'build/native-tsan', 'thread'),
  ];
  const findings = await Promise.all(trees.map(testTree));
  // An aarch64 machine runs these kernels in its native tests.
  return process.arch === 'arm64' ? findings : [...findings, await testTree(CROSS)];
}
