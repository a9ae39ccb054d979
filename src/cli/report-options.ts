/** The reports a command can be asked for, one list for all that show a run: `run`, `merge`. */
import path from 'node:path';
import type { Command } from 'commander';
import { checkReportPath } from '../report/atomic-file.js';
import { openReporters } from '../report/open.js';
import { problemLine } from '../report/reporter.js';
import type { Reporters } from '../report/reporter.js';
import type { Environment } from './environment.js';
import { exitCodes } from './exit-codes.js';
import { outputIsTerminal } from './output.js';

export interface ReportOptions {
  readonly tap?: boolean;
  readonly junit?: string;
  readonly json?: string;
}

export function withReportOptions(command: Command): Command {
  return command
    .option('--tap', 'TAP on standard output')
    .option('--junit <file>', 'write a JUnit XML report')
    .option('--json <file>', 'write all results as one JSON document');
}

/** Refuses places where no report can be written before anything is run. */
export async function checkReportOptions({ junit, json }: ReportOptions): Promise<void> {
  for (const file of [junit, json]) {
    if (file !== undefined) await checkReportPath(file);
  }
}

/** @param out folder of the event log; no log unless given */
export async function openReports(
  options: ReportOptions,
  environment: Environment,
  out: string | undefined,
): Promise<Reporters> {
  const isTerminal = outputIsTerminal();
  return await openReporters({
    stdout: process.stdout,
    color: isTerminal && environment.color,
    live: isTerminal && !environment.plain,
    now: () => performance.now(),
    tap: options.tap === true,
    junitPath: options.junit,
    jsonPath: options.json,
    eventLog:
      out === undefined ? undefined : { path: path.join(out, 'events.jsonl'), replace: true },
  });
}

/** A report that could not be written is told, and a run that is otherwise fine ends as broken. */
export async function closeReports(reporters: Reporters, exitCode: number): Promise<number> {
  const problems = await reporters.close();
  for (const problem of problems) process.stderr.write(`drover: ${problemLine(problem)}\n`);
  return problems.length > 0 && exitCode === exitCodes.passed ? exitCodes.broken : exitCode;
}
