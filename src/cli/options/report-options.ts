/** The options for reports, the same for every command that shows a run. */
import path from 'node:path';
import { Option } from 'commander';
import type { Command } from 'commander';
import { toFailure, usageError } from '../../model/errors.js';
import type { AnnotationOptions, Service } from '../../report/formats/annotations.js';
import { checkReportPath, writeAtomically } from '../../report/atomic-file.js';
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
  /** absent if the command does not have this option */
  readonly annotations?: Service | 'auto' | 'none';
}

export function withReportOptions(command: Command): Command {
  return command
    .optionsGroup('Results:')
    .option('--tap', 'write TAP version 14 to standard output, instead of the text')
    .option('--junit <file>', 'write a JUnit XML report')
    .option('--json <file>', 'write all results as one JSON document')
    .option('--html <file>', 'write one HTML file with everything, for a browser')
    .option('--markdown <file>', 'write a summary for a pull request')
    .option('--trace <file>', 'write a timeline for ui.perfetto.dev')
    .addOption(
      new Option('--annotations <service>', 'report failures to the CI service that runs the job')
        .choices(['auto', 'github', 'gitlab', 'none'])
        .default('auto'),
    );
}

/** Several runs have fewer reports than one. */
export function refuseReports(
  options: ReportOptions,
  names: readonly ('tap' | 'junit' | 'json' | 'markdown' | 'trace')[],
  message: string,
): void {
  const given = names.filter((name) => options[name] !== undefined);
  if (given.length === 0) return;
  throw usageError(
    'report-of-many',
    `${message}: leave out ${given.map((name) => `--${name}`).join(', ')}`,
    { details: ['if these are shards of one run, merge them first: drover merge'] },
  );
}

/**
 * Checks, before any test runs, that every report can be written.
 * @param more options with the files that they name
 */
export async function checkReportOptions(
  options: ReportOptions & { readonly csv?: string },
  more: readonly (readonly [option: string, file: string])[] = [],
): Promise<void> {
  const { junit, json, html, markdown, trace, csv } = options;
  const taken = new Map<string, string>();
  const files = Object.entries({ junit, json, html, markdown, trace, csv });
  for (const [option, file] of [...files, ...more]) {
    if (file === undefined) continue;
    const other = taken.get(path.resolve(file));
    // two reports may go to one device, such as /dev/stdout
    if (other !== undefined && !file.startsWith('/dev/')) {
      throw usageError(
        'one-report-file',
        `--${other} and --${option} both name ${file}: give each a file of its own`,
      );
    }
    taken.set(path.resolve(file), option);
    await checkReportPath(file);
  }
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

/** @param out folder of the event log; default: no log
 * @param isOver a finished run gets no live display */
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
    paths: options,
    annotations: annotationsFor(options, environment),
    eventLog:
      out === undefined ? undefined : { path: path.join(out, 'events.jsonl'), replace: true },
  });
}

/** Prints the reports that could not be written; they turn exit code 0 into 3. */
export async function closeReports(reporters: Reporters, exitCode: number): Promise<number> {
  const problems = await reporters.close();
  for (const problem of problems) process.stderr.write(`drover: ${problemLine(problem)}\n`);
  return problems.length > 0 && exitCode === exitCodes.passed ? exitCodes.broken : exitCode;
}

/** Writes the files that were asked for. A file that cannot be written turns exit code 0 into 3. */
export async function writeFiles(
  files: readonly (readonly [string | undefined, Iterable<string>])[],
  exitCode: number,
): Promise<number> {
  let code = exitCode;
  for (const [file, pieces] of files) {
    if (file === undefined) continue;
    try {
      await writeAtomically(file, pieces);
    } catch (error) {
      process.stderr.write(`drover: ${toFailure(error).message}\n`);
      if (code === exitCodes.passed) code = exitCodes.broken;
    }
  }
  return code;
}
