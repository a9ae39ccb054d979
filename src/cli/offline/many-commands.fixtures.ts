/**
 * Runs many offline commands in one process of their own, for tests that need hundreds: starting Drover takes longer than
 * the work. What the commands print is sent to the test; a crash ends the process, and the test fails.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { Command } from 'commander';
import { HarnessError } from '../../model/errors.js';
import { readEnvironment } from '../process/environment.js';
import { exitCodeOfBlame } from '../process/exit-codes.js';
import type { Ran } from '../process/drover.fixtures.js';
import { addDiffCommand } from './diff-command.js';
import { addExportCommand } from './export-command.js';
import { addInspectCommand } from './inspect-command.js';
import { addScanCommand } from './scan-command.js';

export class ManyCommands implements Disposable {
  readonly #child;

  /** @param folder for temporary files */
  constructor(folder: string) {
    const env = { ...process.env, TMPDIR: folder, NO_COLOR: '1' };
    this.#child = fork(import.meta.filename, ['answer'], { env });
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
      const [ran] = (await Promise.race([answer, gone])) as [Ran];
      return ran;
    } finally {
      over.abort();
    }
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL');
  }
}

/** As cli/main.ts does it. */
async function runHere(args: readonly string[]): Promise<Ran> {
  let [code, stdout, stderr] = [0, '', ''];
  const written = process.stdout.write.bind(process.stdout);
  process.stdout.write = ((text: string, done?: () => void) => {
    stdout += text;
    done?.();
    return true;
  }) as typeof process.stdout.write;
  const program = new Command('drover').exitOverride();
  const environment = readEnvironment(process.env);
  for (const add of [addDiffCommand, addExportCommand, addInspectCommand, addScanCommand]) {
    add(program, environment, (exitCode) => {
      code = exitCode;
    });
  }
  const erred = process.stderr.write.bind(process.stderr);
  process.stderr.write = (text: string) => {
    stderr += text;
    return true;
  };
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error;
    code = exitCodeOfBlame(error.blame);
    stderr += `drover: ${error.message}\n`;
  } finally {
    process.stdout.write = written;
    process.stderr.write = erred;
  }
  return { code, signal: null, stdout, stderr };
}

if (process.argv[1] === import.meta.filename && process.argv[2] === 'answer') {
  // Each command catches signals for as long as its process lives.
  process.setMaxListeners(0);
  process.on('message', (args: string[]) => {
    void runHere(args).then((ran) => process.send?.(ran));
  });
}
