/** `drover why DIR`: what became of a test, from its directory alone. */
import type { Command } from 'commander';
import { paintWith } from '../../report/console/colors.js';
import { whyLines } from '../../report/log/why.js';
import type { Environment } from '../process/environment.js';
import { exitCodes } from '../process/exit-codes.js';
import { outputIsTerminal } from '../process/stdout-errors.js';

export function addWhyCommand(
  program: Command,
  { color }: Environment,
  finish: (exitCode: number) => void,
): void {
  program
    .command('why')
    .description('tell why a test did not pass, from the directory that was kept of it')
    .argument('<dir>', "the test's directory")
    .action((directory: string) => {
      const paint = paintWith(color && outputIsTerminal());
      process.stdout.write(
        whyLines(directory, paint)
          .map((line) => `${line}\n`)
          .join(''),
      );
      finish(exitCodes.passed);
    });
}
