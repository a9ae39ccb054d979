/** `drover history`: how the figures of a host changed over its benchmarks. Starts no QEMU. */
import { historyLines } from '../../bench/history/history-text.js';
import { readHistory } from '../../bench/history/store.js';
import type { HostHistory } from '../../bench/history/store.js';
import { withExamples } from '../options/help.js';
import type { AddCommand } from '../options/help.js';
import { checkReportOptions, writeFiles } from '../options/report-options.js';
import type { Environment } from '../process/environment.js';
import { exitCodes } from '../process/exit-codes.js';
import { lines, noteOnStderr, print } from '../process/print.js';
import { withThreshold } from './bench-options.js';
import { showsBlocks } from './bench-reports.js';

interface HistoryOptions {
  readonly html?: string;
  readonly threshold: number;
}

export const addHistoryCommand: AddCommand = (program, environment, finish) => {
  const command = program
    .command('history')
    .description('show how the figures of benchmarks changed (bench --history)')
    .argument('<dir>', 'the folder of bench --history');
  withThreshold(command)
    .option('--html <file>', 'write one HTML file with a drawing of each figure, for a browser')
    .action(async (folder: string, options: HistoryOptions) => {
      finish(await historyCommand(folder, options, environment));
    });
  withExamples(command, {
    'drover history nightly': 'figures, trends and changes of their level',
    'drover history nightly --html nightly.html': 'the same as drawings',
  });
};

async function historyCommand(
  folder: string,
  { html, threshold }: HistoryOptions,
  environment: Environment,
): Promise<number> {
  await checkReportOptions({ html });
  const hosts = await readHistory(folder, noteOnStderr);
  const pieces = html === undefined ? [] : await htmlPieces(hosts, threshold);
  const exitCode = await writeFiles([[html, pieces]], exitCodes.passed);
  await print(lines(historyLines(hosts, { threshold, hasSparks: showsBlocks(environment) })));
  return exitCode;
}

async function htmlPieces(
  hosts: readonly HostHistory[],
  threshold: number,
): Promise<Iterable<string>> {
  const { historyHtmlPieces } = await import('../../bench/history/history-html.js');
  return historyHtmlPieces(hosts, threshold);
}
