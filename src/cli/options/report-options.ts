/** The reports a command can be asked for, one list for all that show a run: `run`, `merge`, `report`. */
import path from 'node:path';
import { Option } from 'commander';
import type { Command } from 'commander';
import { HarnessError } from '../../model/errors.js';
import type { AnnotationOptions, Service } from '../../report/formats/annotations.js';
import { checkReportPath } from '../../report/atomic-file.js';
import { openReporters } from '../../report/open-reporters.js';
import { problemLine } from '../../report/reporter.js';
import type { Reporters } from '../../report/reporter.js';
import type { Environment } from '../process/environment.js';
import { exitCodes } from '../process/exit-codes.js';
import { outputIsTerminal } from '../process/stdout-errors.js';

export interface ReportOptions {
  readonly tap?: boolean;
  readonly junit?: string;
  readonly json?: string;
  readonly html?: string;
  readonly markdown?: string;
  readonly trace?: string;
  /** none where a command does not offer it */
  readonly annotations?: Service | 'auto' | 'none';
}

export function withReportOptions(command: Command): Command {
  return command
    .option('--tap', 'TAP on standard output')
    .option('--junit <file>', 'write a JUnit XML report')
    .option('--json <file>', 'write all results as one JSON document')
    .option('--html <file>', 'write one HTML file with everything, to open in a browser')
    .option('--markdown <file>', 'write a summary for a pull request')
    .option('--trace <file>', 'write a timeline for ui.perfetto.dev')
    .addOption(
      new Option('--annotations <service>', 'tell failures to the CI service that runs the job')
        .choices(['auto', 'github', 'gitlab', 'none'])
        .default('auto'),
    );
}

/** Refuses places where no report can be written before anything is run. */
export async function checkReportOptions(options: ReportOptions): Promise<void> {
  const { junit, json, html, markdown, trace } = options;
  const taken = new Map<string, string>();
  for (const [option, file] of Object.entries({ junit, json, html, markdown, trace })) {
    if (file === undefined) continue;
    const other = taken.get(path.resolve(file));
    // a device takes what comes
    if (other !== undefined && !file.startsWith('/dev/')) throw oneFile(file, other, option);
    taken.set(path.resolve(file), option);
    await checkReportPath(file);
  }
}

function oneFile(file: string, first: string, second: string): HarnessError {
  return new HarnessError({
    code: 'one-report-file',
    blame: 'usage',
    message: `--${first} and --${second} both name ${file}: expected a file for each`,
  });
}

function annotationsFor(
  { annotations = 'none' }: ReportOptions,
  { ci }: Environment,
): Omit<AnnotationOptions, 'stream'> | undefined {
  const service = annotations === 'auto' ? ci?.service : annotations;
  if (service === undefined || service === 'none') return undefined;
  const own = ci?.service === service ? ci : undefined;
  return { service, root: own?.root ?? process.cwd(), summaryPath: own?.summaryPath };
}

/** @param out folder of the event log; no log unless given
 * @param isOver what is over is not shown as if it went on */
export async function openReports(
  options: ReportOptions,
  environment: Environment,
  out: string | undefined,
  isOver = false,
): Promise<Reporters> {
  const isTerminal = outputIsTerminal();
  return await openReporters({
    stdout: process.stdout,
    stderr: process.stderr,
    color: isTerminal && environment.color,
    live: isTerminal && !environment.plain && !isOver,
    now: () => performance.now(),
    tap: options.tap === true,
    junitPath: options.junit,
    jsonPath: options.json,
    htmlPath: options.html,
    markdownPath: options.markdown,
    tracePath: options.trace,
    annotations: annotationsFor(options, environment),
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
