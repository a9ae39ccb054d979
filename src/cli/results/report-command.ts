/** `drover report`: reports of a finished run from its event log. Starts no QEMU. */
import path from 'node:path';
import type { Command } from 'commander';
import { HarnessError } from '../../model/errors.js';
import { located } from '../../report/log/evidence-place.js';
import { htmlReporter } from '../../report/html/html-reporter.js';
import { eventLogPath, readEventLog } from '../../report/log/read-log.js';
import { Reporters } from '../../report/reporter.js';
import type { Environment } from '../process/environment.js';
import { noteOnStderr } from '../process/note.js';
import { exitCodes } from '../process/exit-codes.js';
import { withExamples } from '../options/help.js';
import {
  checkReportOptions,
  closeReports,
  openReports,
  withReportOptions,
} from '../options/report-options.js';
import type { ReportOptions } from '../options/report-options.js';

export function addReportCommand(
  program: Command,
  environment: Environment,
  finish: (exitCode: number) => void,
): void {
  const command = program
    .command('report')
    .description('make reports of a finished run from its event log')
    .argument(
      '<run...>',
      'the folder of --out, or the events.jsonl in it; several with --html only',
    );
  withReportOptions(command).action(async (places: readonly string[], options: ReportOptions) => {
    finish(await reportCommand(places, options, environment));
  });
  withExamples(command, {
    'drover report results': 'what the console showed',
    'drover report results --html run.html --junit run.xml': 'two reports as files',
  });
}

async function reportCommand(
  places: readonly string[],
  options: ReportOptions,
  environment: Environment,
): Promise<number> {
  const logs = await Promise.all(places.map(eventLogPath));
  await checkReportOptions(options);
  const reporters =
    logs.length === 1
      ? await openReports(options, environment, undefined, true)
      : new Reporters([htmlReporter(onlyHtml(options))]);
  // Files are written on closing: a log that cannot be read ends this before.
  for (const log of logs) {
    for await (const event of readEventLog(log, noteOnStderr)) {
      reporters.onEvent(located(event, path.dirname(log)));
    }
  }
  return await closeReports(reporters, exitCodes.passed);
}

/** Only the HTML page takes several runs, such as the pairs of a matrix. */
function onlyHtml({ html, tap, junit, json, markdown, trace }: ReportOptions): string {
  const others = Object.entries({ tap, junit, json, markdown, trace }).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`],
  );
  if (html !== undefined && others.length === 0) return html;
  throw new HarnessError({
    code: 'report-of-many',
    blame: 'usage',
    message:
      html === undefined
        ? 'several runs need --html FILE: no other report takes more than one run'
        : `several runs fit into --html only: leave out ${others.join(', ')}`,
    details: ['if these are shards of one run, merge them first: drover merge'],
  });
}
