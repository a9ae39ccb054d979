// The native tests, built and run under sanitizers. Leaves out the addon: set-up builds it, and the
// TypeScript tests load it.
import { availableParallelism } from 'node:os';
import { ending, runCommand, tailOf } from '../setup/command.mjs';
import { ROOT, removeUnusableCache } from '../setup/stages.mjs';
import { onPath } from '../setup/system.mjs';
import { finding, timed } from './tally.mjs';

/** Each has a folder of its own, so that a second run compiles only what changed. */
export const SANITIZED = [
  {
    title: 'native tests (address, undefined)',
    folder: 'build/native-asan',
    sanitizers: 'address,undefined',
    unity: true,
  },
  {
    title: 'native tests (thread)',
    folder: 'build/native-tsan',
    sanitizers: 'thread',
    unity: true,
  },
];

/** A tree of CMake's without the addon; sanitized code is compiled for a quick build, it is slow anyway. */
export function configure({ folder, sanitizers = '', unity }) {
  removeUnusableCache(folder);
  const generator = onPath('ninja') ? ['-G', 'Ninja'] : [];
  const options = ['-DDROVER_ADDON=OFF', '-DDROVER_TESTS=ON', '-DDROVER_WERROR=ON'];
  const level = ['-DCMAKE_BUILD_TYPE=Release', '-DCMAKE_CXX_FLAGS_RELEASE=-O1'];
  return runCommand(
    [
      ...['cmake', '-S', '.', '-B', folder, ...generator, ...level, ...options],
      ...[`-DDROVER_SANITIZE=${sanitizers}`, `-DDROVER_UNITY=${unity ? 'ON' : 'OFF'}`],
    ],
    { cwd: ROOT, timeoutMs: 60_000 },
  );
}

const build = ({ folder }) =>
  runCommand(['cmake', '--build', folder, '--parallel', String(availableParallelism())], {
    cwd: ROOT,
    timeoutMs: 600_000,
  });

async function runTests({ folder }) {
  const options = ['--verbose', '--no-tests=error', '--timeout', '120'];
  const command = ['ctest', '--test-dir', folder, ...options];
  const result = await runCommand(command, { cwd: ROOT, timeoutMs: 600_000 });
  // Where the kernel scatters addresses widely, g++ 12's thread sanitizer cannot start, unless told
  // not to scatter; a container may forbid that, so it is the second try.
  if (result.ok || !result.output.includes('unexpected memory mapping')) return result;
  return runCommand(['setarch', '-R', ...command], { cwd: ROOT, timeoutMs: 600_000 });
}

const DOCTEST_SUM =
  /^(\d+): \[doctest\] test cases:\s*\d+\s*\|\s*(\d+) passed\s*\|\s*(\d+) failed\s*\|\s*(\d+) skipped/gm;

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

async function sanitizedTests(tree) {
  const [result, tookMs] = await timed(async () => {
    let last;
    for (const step of [configure, build, runTests]) {
      last = await step(tree);
      if (!last.ok) break;
    }
    return last;
  });
  const sums = doctestSums(result.output);
  // A crash, a leak or a build that failed is counted by no test case.
  if (!result.ok && sums.failed === 0) sums.failed = 1;
  return finding(tree.title, tookMs, {
    ...sums,
    skips: Array.from({ length: sums.skipped }, () => `left out by ${tree.title}`),
    detail: result.ok ? undefined : `${ending(result)}\n${tailOf(result.output, 80)}`,
  });
}

/** At once: each program of tests runs on one processor, while the other tree is still compiled. */
export const nativeTests = () => Promise.all(SANITIZED.map(sanitizedTests));
