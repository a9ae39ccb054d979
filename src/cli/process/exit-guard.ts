/** How the process ends: a test module of the user's own may neither end it early, unseen, nor keep it from ending. */
import { writeSync } from 'node:fs';
import { exitCodes } from './exit-codes.js';

export interface Ending {
  /** all is done and written; whatever is still open is not Drover's */
  done(exitCode: number): void;
}

/** what was left open may still close by itself */
const graceMs = 500;

export function watchEnding(): Ending {
  let isDone = false;
  process.once('exit', (code) => {
    if (isDone || code !== exitCodes.passed) return;
    process.exitCode = exitCodes.broken;
    const why =
      'the process was ended before Drover was done, as process.exit() in a test module does';
    writeSync(2, `drover: ${why}\n`);
  });
  return {
    done: (exitCode) => {
      isDone = true;
      process.exitCode = exitCode;
      // only comes about where something keeps the process alive
      setTimeout(() => process.exit(), graceMs).unref();
    },
  };
}
