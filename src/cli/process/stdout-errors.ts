/**
 * Errors of standard output and standard error. A reader that closed the pipe (`| head`) is no
 * error; any other error, such as a full disk, turns exit code 0 into 3, with one line.
 */
import { exitCodes } from './exit-codes.js';

export interface Output {
  /** Waits until everything is written. @returns the exit code for the process */
  exitCode(code: number): Promise<number>;
}

export function watchOutput(): Output {
  let problem: Error | undefined;
  const isGone = (error: Error): boolean => 'code' in error && error.code === 'EPIPE';
  process.stdout.on('error', (error: Error) => {
    if (!isGone(error)) problem ??= error;
  });
  // there is no other place to report it
  process.stderr.on('error', () => undefined);
  return {
    exitCode: async (code) => {
      await new Promise<void>((resolve) => {
        process.stdout.write('', () => {
          resolve();
        });
      });
      if (problem === undefined || code !== exitCodes.passed) return code;
      process.stderr.write(`drover: cannot write to standard output: ${problem.message}\n`);
      return exitCodes.broken;
    },
  };
}

export function outputIsTerminal(): boolean {
  // undefined, not false, where it is no terminal, whatever the type says
  return (process.stdout.isTTY as boolean | undefined) === true;
}
