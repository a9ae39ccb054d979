// The kernels of another processor, NEON among them: built by a cross compiler, run by qemu-user. Leaves out speed, of
// which emulation says nothing.
import { existsSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { ending, runCommand, tailOf } from '../setup/command.mjs';
import { ROOT, removeUnusableCache } from '../setup/stages.mjs';
import { onPath } from '../setup/system.mjs';
import { doctestSums } from './native-tests.mjs';
import { finding, timed } from './tally.mjs';

const TITLE = 'kernels on aarch64 (qemu-user)';
const SOURCE = 'native/tests/aarch64';
const FOLDER = 'build/aarch64';

const doctest = () =>
  ['/usr/include/doctest', '/usr/local/include/doctest'].find((folder) => existsSync(folder)) ?? '';

const steps = () => [
  [
    ...['cmake', '-S', SOURCE, '-B', FOLDER, ...(onPath('ninja') ? ['-G', 'Ninja'] : [])],
    ...['-DCMAKE_SYSTEM_NAME=Linux', '-DCMAKE_SYSTEM_PROCESSOR=aarch64'],
    ...['-DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++', `-DDOCTEST=${doctest()}`],
  ],
  ['cmake', '--build', FOLDER, '--parallel'],
  [onPath('qemu-aarch64-static') ?? 'qemu-aarch64', path.join(ROOT, FOLDER, 'drover-kernel-tests')],
];

/** doctest's own line, in the form that ctest gives it. */
const sumsOf = (output) => doctestSums(output.replace(/^\[doctest\] test cases/gm, '1: $&'));

export async function crossKernelTests() {
  if (process.arch === 'arm64') {
    const skips = ['this machine is an aarch64 one: its native tests run these kernels'];
    return [finding(TITLE, 0, { skipped: 1, skips })];
  }
  removeUnusableCache(FOLDER, SOURCE);
  const [result, tookMs] = await timed(async () => {
    let last;
    for (const command of steps()) {
      last = await runCommand(command, { cwd: ROOT, timeoutMs: 120_000 });
      if (!last.ok) break;
    }
    return last;
  });
  const sums = sumsOf(result.output);
  const ranNone = result.ok && sums.passed === 0;
  if ((!result.ok || ranNone) && sums.failed === 0) sums.failed = 1;
  const why = ranNone ? 'no test ran' : ending(result);
  const detail = sums.failed === 0 ? undefined : `${why}\n${tailOf(result.output, 60)}`;
  return [finding(TITLE, tookMs, { ...sums, detail })];
}
