// Format and clang-tidy of the C++ and C sources. Leaves out running them: see native-tests.mjs.
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { ending, runCommand } from '../setup/command.mjs';
import { fingerprint, listFiles, readStamp, writeStamp } from '../setup/fingerprint.mjs';
import { ROOT } from '../setup/stages.mjs';
import { configure, coreOptions } from './native-tests.mjs';
import { check, timed } from './tally.mjs';

const CPP = /\.(cc|cpp|c|h|hpp)$/;
const FOLDERS = ['native', 'bench'];
export const cppFiles = () =>
  FOLDERS.flatMap((folder) => listFiles(ROOT, folder, (file) => CPP.test(file)));

const failureText = (result) => `${ending(result)}\n${result.output}`;

export async function clangFormat() {
  const command = ['clang-format', '--dry-run', '-Werror', ...cppFiles()];
  const [result, tookMs] = await timed(() => runCommand(command, { cwd: ROOT }));
  const detail = `${failureText(result)}\nnpm run format rewrites the files`;
  return check('clang-format', tookMs, result.ok, detail);
}

const TIDY_LIMIT_MS = 540_000;

/** A tree unchanged since its last clean run costs nothing. */
async function overTree(title, tree, optionsOf) {
  const stamp = path.join(ROOT, `.cache/${title.replaceAll(' ', '-')}.stamp`);
  const inputs = [...FOLDERS, 'CMakeLists.txt', '.clang-tidy'];
  const print = fingerprint(ROOT, inputs, [], (file) => !file.endsWith('.mjs'));
  if (readStamp(stamp) === print) return check(`${title} (unchanged)`, 0, true);
  const [result, tookMs] = await timed(async () => {
    const configured = await configure({ folder: tree.folder, options: coreOptions(tree) });
    return configured.ok ? tidyAll(tree.folder, optionsOf) : configured;
  });
  if (result.ok) writeStamp(stamp, print);
  return check(title, tookMs, result.ok, failureText(result));
}

/**
 * Over all C and C++ that CMake can build. The core is seen folder by folder (DROVER_UNITY), which takes
 * a fifth of the time: its sources are then included, so they count as headers, and including them is no fault.
 * The analyser stays away from what is included, and the tests' many small files take longer than all else: see
 * clangAnalyzer for both.
 */
export const clangTidy = () =>
  overTree('clang-tidy', { folder: 'build/tidy', unity: true }, (file) => {
    if (file.includes('/Unity/')) return ['--checks=-bugprone-suspicious-include'];
    return isNativeTest(file) ? undefined : [];
  });

/**
 * The static analyser over each source of the core by itself, and the other checks over the tests, where the analyser
 * would follow every path through doctest's macros. Minutes, so not a part of every test run.
 */
export const clangAnalyzer = () =>
  overTree('clang analyzer', { folder: 'build/analyzer', unity: false }, (file) => {
    if (isNativeTest(file)) return ['--checks=-clang-analyzer-*'];
    const analyzer = '--checks=-*,clang-analyzer-*,-clang-analyzer-cplusplus.NewDeleteLeaks';
    return file.includes('/native/core/') ? [analyzer] : undefined;
  });

const isNativeTest = (file) => file.includes('/native/tests/');

/** As many files at once as there are processors. `optionsOf` gives undefined for a file to leave out. */
async function tidyAll(folder, optionsOf) {
  const database = path.join(ROOT, folder, 'compile_commands.json');
  const compiled = JSON.parse(readFileSync(database, 'utf8')).map(({ file }) => file);
  // What is generated for precompiled headers is the libraries' code alone.
  const queue = [...new Set(compiled)].filter(
    (file) => !file.includes('cmake_pch') && optionsOf(file) !== undefined,
  );
  const failures = [];
  const deadlineMs = performance.now() + TIDY_LIMIT_MS;
  const worker = async () => {
    for (let file = queue.shift(); file; file = queue.shift()) {
      const timeoutMs = Math.max(1, Math.ceil(deadlineMs - performance.now()));
      const command = ['clang-tidy', '-p', folder, '--quiet', ...optionsOf(file), file];
      const result = await runCommand(command, { cwd: ROOT, timeoutMs });
      if (!result.ok) failures.push(result);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  const output = failures.map((result) => result.output).join('\n');
  return { code: 0, ...failures[0], ok: failures.length === 0, output };
}
