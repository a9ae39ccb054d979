/** `drover report`: reports of a run that is over, from its event log. Starts nothing. */
import path from 'node:path';
import type { Command } from 'commander';
import { HarnessError } from '../../model/errors.js';
import { located } from '../../report/log/evidence-place.js';
import { HtmlReporter } from '../../report/html/html-reporter.js';
import { eventLogPath, readEventLog } from '../../report/log/read-log.js';
import { Reporters } from '../../report/reporter.js';
import type { Environment } from '../process/environment.js';
import { exitCodes } from '../process/exit-codes.js';
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
    .description('make reports of a run that is over, from its event log')
    .argument(
      '<run...>',
      'the folder that --out made, or the events.jsonl in it; several with --html only',
    );
  withReportOptions(command).action(async (places: readonly string[], options: ReportOptions) => {
    finish(await reportCommand(places, options, environment));
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
      : new Reporters([new HtmlReporter(onlyHtml(options))]);
  // A log that turns out to be none ends here, before any file is written: that happens on closing.
  for (const log of logs) {
    for await (const event of readEventLog(log)) {
      reporters.onEvent(located(event, path.dirname(log)));
    }
  }
  return await closeReports(reporters, exitCodes.passed);
}

/** Runs of several pairs of QEMUs fit into one page; all other reports are of one run. */
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
        ? 'several runs make one report with --html FILE only'
        : `several runs go into one --html file, but not into ${others.join(', ')}`,
    details: ['shards of one run are joined by drover merge first'],
  });
}
