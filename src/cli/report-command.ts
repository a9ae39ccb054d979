/** `drover report`: reports of a run that is over, from its event log. Starts nothing. */
import path from 'node:path';
import type { Command } from 'commander';
import { located } from '../report/evidence-place.js';
import { eventLogPath, readEventLog } from '../report/read-log.js';
import type { Environment } from './environment.js';
import { exitCodes } from './exit-codes.js';
import {
  checkReportOptions,
  closeReports,
  openReports,
  withReportOptions,
} from './report-options.js';
import type { ReportOptions } from './report-options.js';

export function addReportCommand(
  program: Command,
  environment: Environment,
  finish: (exitCode: number) => void,
): void {
  const command = program
    .command('report')
    .description('make reports of a run that is over, from its event log')
    .argument('<run>', 'the folder that --out made, or the events.jsonl in it');
  withReportOptions(command).action(async (place: string, options: ReportOptions) => {
    finish(await reportCommand(place, options, environment));
  });
}

async function reportCommand(
  place: string,
  options: ReportOptions,
  environment: Environment,
): Promise<number> {
  const log = await eventLogPath(place);
  await checkReportOptions(options);
  const reporters = await openReports(options, environment, undefined, true);
  // A log that turns out to be none ends here, before any file is written: that happens on closing.
  for await (const event of readEventLog(log)) {
    reporters.onEvent(located(event, path.dirname(log)));
  }
  return await closeReports(reporters, exitCodes.passed);
}
