// Format and clang-tidy of the C++ and C sources. Leaves out running them: see native-tests.mjs.
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { ending, runCommand } from '../setup/command.mjs';
import { fingerprint, listFiles, readStamp, writeStamp } from '../setup/fingerprint.mjs';
import { ROOT } from '../setup/stages.mjs';
import { SANITIZED, configure } from './native-tests.mjs';
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

/** Over all C and C++ that CMake can build; a tree unchanged since its last clean run costs nothing. */
export async function clangTidy() {
  const stamp = path.join(ROOT, '.cache/clang-tidy.stamp');
  const inputs = [...FOLDERS, 'CMakeLists.txt', '.clang-tidy'];
  const print = fingerprint(ROOT, inputs, [], (file) => !file.endsWith('.mjs'));
  if (readStamp(stamp) === print) return check('clang-tidy (unchanged)', 0, true);
  const [result, tookMs] = await timed(async () => {
    const configured = await configure(SANITIZED[0]);
    return configured.ok ? tidyAll(SANITIZED[0].folder) : configured;
  });
  if (result.ok) writeStamp(stamp, print);
  return check('clang-tidy', tookMs, result.ok, failureText(result));
}

/** As many files at once as there are processors. */
async function tidyAll(folder) {
  const database = path.join(ROOT, folder, 'compile_commands.json');
  const compiled = JSON.parse(readFileSync(database, 'utf8')).map(({ file }) => file);
  const queue = [...new Set(compiled)];
  const failures = [];
  const deadlineMs = performance.now() + TIDY_LIMIT_MS;
  const worker = async () => {
    for (let file = queue.shift(); file; file = queue.shift()) {
      const timeoutMs = Math.max(1, deadlineMs - performance.now());
      const command = ['clang-tidy', '-p', folder, '--quiet', file];
      const result = await runCommand(command, { cwd: ROOT, timeoutMs });
      if (!result.ok) failures.push(result);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  const output = failures.map((result) => result.stdout || result.output).join('\n');
  return { code: 0, ...failures[0], ok: failures.length === 0, output };
}
