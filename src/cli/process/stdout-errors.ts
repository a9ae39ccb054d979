/**
 * What becomes of standard output and error when nobody reads them, or their disk is full. A reader
 * that went away (`| head`) is no error; anything else turns a good exit code into 3, with one line.
 */
import { exitCodes } from './exit-codes.js';

export interface Output {
  /** Waits until all is written, and gives the exit code that the process should end with. */
  exitCode(code: number): Promise<number>;
}

export function watchOutput(): Output {
  let problem: Error | undefined;
  const isGone = (error: Error): boolean => 'code' in error && error.code === 'EPIPE';
  process.stdout.on('error', (error: Error) => {
    if (!isGone(error)) problem ??= error;
  });
  // There is nowhere left to complain to.
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
