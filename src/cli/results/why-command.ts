/** `drover why DIR`: why a test did not pass, from its kept directory only. */
import type { Command } from 'commander';
import { paintWith } from '../../report/console/colors.js';
import { whyLines } from '../../report/log/why.js';
import { withExamples } from '../options/help.js';
import type { Environment } from '../process/environment.js';
import { noteOnStderr } from '../process/note.js';
import { exitCodes } from '../process/exit-codes.js';
import { outputIsTerminal } from '../process/stdout-errors.js';

export function addWhyCommand(
  program: Command,
  { color }: Environment,
  finish: (exitCode: number) => void,
): void {
  const command = program
    .command('why')
    .description('show why a test did not pass, from its kept directory')
    .argument(
      '<dir>',
      "the test's kept directory: the run names it, or it is in the folder of --out",
    )
    .action((directory: string) => {
      const paint = paintWith(color && outputIsTerminal());
      process.stdout.write(
        whyLines(directory, paint, noteOnStderr)
          .map((line) => `${line}\n`)
          .join(''),
      );
      finish(exitCodes.passed);
    });
  withExamples(command, {
    'drover why results/migration-precopy-tcp-plain-1': 'the first attempt of one test',
  });
}
