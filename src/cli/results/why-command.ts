/** `drover why DIR`: why a test did not pass, from its kept directory only. */
import { paintWith } from '../../report/console/colors.js';
import { whyLines } from '../../report/log/why.js';
import { withExamples } from '../options/help.js';
import type { AddCommand } from '../options/help.js';
import { lines, noteOnStderr } from '../process/print.js';
import { exitCodes } from '../process/exit-codes.js';
import { outputIsTerminal } from '../process/stdout-errors.js';

export const addWhyCommand: AddCommand = (program, { color }, finish) => {
  const command = program
    .command('why')
    .description('show why a test did not pass, from its kept directory')
    .argument(
      '<dir>',
      "the test's kept directory: the run names it, or it is in the folder of --out",
    )
    .action((directory: string) => {
      const paint = paintWith(color && outputIsTerminal());
      process.stdout.write(lines(whyLines(directory, paint, noteOnStderr)));
      finish(exitCodes.passed);
    });
  withExamples(command, {
    'drover why results/migration-precopy-tcp-plain-1': 'the first attempt of one test',
  });
};
