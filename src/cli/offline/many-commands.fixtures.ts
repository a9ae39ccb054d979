/**
 * Runs many offline commands in one process of their own, for tests that need hundreds: starting
 * Drover takes longer than the work. What the commands print goes to files, which the test reads
 * after each; a crash ends the process, and the test fails.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, truncateSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { Command } from 'commander';
import { HarnessError } from '../../model/errors.js';
import { readEnvironment } from '../process/environment.js';
import { exitCodeOfBlame } from '../process/exit-codes.js';
import type { Ran } from '../process/drover.fixtures.js';
import { addDiffCommand } from './diff/diff-command.js';
import { addExportCommand } from './export/export-command.js';
import { addInspectCommand } from './inspect/inspect-command.js';
import { addScanCommand } from './scan/scan-command.js';

export class ManyCommands implements Disposable {
  readonly #child;
  readonly #printed;

  /** @param folder for temporary files */
  constructor(folder: string) {
    const env = { ...process.env, TMPDIR: folder, NO_COLOR: '1' };
    const printed = mkdtempSync(path.join(folder, 'printed-'));
    this.#printed = {
      stdout: path.join(printed, 'stdout'),
      stderr: path.join(printed, 'stderr'),
    };
    const stdout = openSync(this.#printed.stdout, 'a');
    const stderr = openSync(this.#printed.stderr, 'a');
    this.#child = fork(import.meta.filename, ['answer'], {
      env,
      stdio: ['ignore', stdout, stderr, 'ipc'],
    });
    for (const fd of [stdout, stderr]) closeSync(fd);
  }

  /** One at a time. Fails if there is no answer in time. */
  async run(args: readonly string[], limitMs: number): Promise<Ran> {
    const over = new AbortController();
    const signal = AbortSignal.any([AbortSignal.timeout(limitMs), over.signal]);
    const gone = once(this.#child, 'exit', { signal }).then(() => {
      throw new Error(`drover ${args.join(' ')} ended the process`);
    });
    gone.catch(() => undefined);
    const answer = once(this.#child, 'message', { signal });
    this.#child.send(args);
    try {
      const [code] = (await Promise.race([answer, gone])) as [number];
      const { stdout, stderr } = this.#printed;
      return { code, signal: null, stdout: takeFrom(stdout), stderr: takeFrom(stderr) };
    } finally {
      over.abort();
    }
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL');
  }
}

/** The file's text; the next command's begins at its start again. */
function takeFrom(file: string): string {
  const text = readFileSync(file, 'utf8');
  truncateSync(file);
  return text;
}

/** As cli/main.ts does it. */
async function runHere(args: readonly string[]): Promise<number> {
  let code = 0;
  const program = new Command('drover').exitOverride();
  const environment = readEnvironment(process.env);
  for (const add of [addDiffCommand, addExportCommand, addInspectCommand, addScanCommand]) {
    add(program, environment, (exitCode) => {
      code = exitCode;
    });
  }
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error;
    process.stderr.write(`drover: ${error.message}\n`);
    return exitCodeOfBlame(error.blame);
  }
  return code;
}

if (process.argv[1] === import.meta.filename && process.argv[2] === 'answer') {
  // Each command catches signals for as long as its process lives.
  process.setMaxListeners(0);
  process.on('message', (args: string[]) => {
    void runHere(args).then((code) => process.send?.(code));
  });
}
