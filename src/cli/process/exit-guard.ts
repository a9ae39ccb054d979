/**
 * Guards the end of the process: a user's test module can neither end it early unnoticed, nor keep
 * it from ending.
 */
import { writeSync } from 'node:fs';
import { exitCodes } from './exit-codes.js';

export interface Ending {
  /** everything is written; anything still open belongs to a user's module */
  done(exitCode: number): void;
}

/** time for open handles to close by themselves */
const graceMs = 500;

export function watchEnding(): Ending {
  let isDone = false;
  process.once('exit', (code) => {
    if (isDone || code !== exitCodes.passed) return;
    process.exitCode = exitCodes.broken;
    const why =
      'something ended the process before Drover was done: look for process.exit() in your test modules';
    writeSync(2, `drover: ${why}\n`);
  });
  return {
    done: (exitCode) => {
      isDone = true;
      process.exitCode = exitCode;
      // runs only if something keeps the process alive
      setTimeout(() => process.exit(), graceMs).unref();
    },
  };
}
