/** `drover report`: reports of a finished run from its event log. Starts no QEMU. */
import path from 'node:path';
import { usageError } from '../../model/errors.js';
import type { DroverEvent } from '../../model/events.js';
import { RunRecord } from '../../report/fold/summary.js';
import { located } from '../../report/log/evidence-place.js';
import { htmlReporter } from '../../report/html/html-reporter.js';
import { eventLogPath, readEventLog, runsIn } from '../../report/log/read-log.js';
import { isPair } from '../../report/matrix/matrix.js';
import { Reporters } from '../../report/reporter.js';
import type { Environment } from '../process/environment.js';
import { noteOnStderr } from '../process/print.js';
import { exitCodes } from '../process/exit-codes.js';
import { withBenchExtras } from '../bench/bench-options.js';
import { checkBenchFiles, reportBench } from '../bench/bench-reports.js';
import type { BenchFiles } from '../bench/bench-reports.js';
import { isBenchFile, readBench } from '../bench/read-bench.js';
import { matrixReports, reportMatrix } from '../matrix/matrix-report.js';
import { withExamples } from '../options/help.js';
import type { AddCommand } from '../options/help.js';
import {
  checkReportOptions,
  closeReports,
  openReports,
  refuseReports,
  withReportOptions,
} from '../options/report-options.js';
import type { ReportOptions } from '../options/report-options.js';

/** `csv` and `export` are of a benchmark only. */
type ReportFiles = ReportOptions & BenchFiles;

export const addReportCommand: AddCommand = (program, environment, finish) => {
  const command = program
    .command('report')
    .description('make reports of a finished run from its event log, or of a benchmark')
    .argument(
      '<run...>',
      'the folder of --out of a run or a matrix, or a log (events.jsonl); several with --html only. Or the file of bench --json',
    );
  withReportOptions(command).option(
    '--csv <file>',
    'of a benchmark: write one line for each sample',
  );
  withBenchExtras(command).action(async (places: readonly string[], options: ReportFiles) => {
    finish(await reportCommand(places, options, environment));
  });
  withExamples(command, {
    'drover report results': 'what the console showed',
    'drover report results --html run.html --junit run.xml': 'two reports as files',
    'drover report matrix --html grid.html': 'of a matrix: the grid as text and as a file',
    'drover report bench.json --html bench.html':
      'of a benchmark: the tables, and a page with drawings',
  });
};

async function reportCommand(
  places: readonly string[],
  options: ReportFiles,
  environment: Environment,
): Promise<number> {
  const [bench] = places.filter(isBenchFile);
  if (bench !== undefined) return await reportOfBench(bench, places, options, environment);
  if (options.csv !== undefined || options.history !== undefined || options.export.length > 0) {
    throw usageError(
      'report-of-benchmark',
      '--csv, --export and --history are of a benchmark (bench --json): leave them out',
    );
  }
  const runs = (await Promise.all(places.map(runsIn))).flat();
  const logs = await Promise.all(runs.map(eventLogPath));
  await checkReportOptions(options);
  // the folder of a matrix, not its pairs one by one
  if (places.length === 1 && runs[0] !== places[0]) {
    const records = await Promise.all(logs.map(recordOf));
    const pairs = records.filter(isPair);
    if (pairs.length === records.length) {
      refuseReports(options, matrixReports.refused, matrixReports.why);
      return await reportMatrix(pairs, options, environment, exitCodes.passed);
    }
  }
  const reporters =
    logs.length === 1
      ? await openReports(options, environment, undefined, true)
      : new Reporters([htmlReporter(onlyHtml(options))]);
  // Files are written on closing: a log that cannot be read ends this before.
  for (const log of logs) {
    for await (const event of eventsOf(log)) reporters.onEvent(event);
  }
  return await closeReports(reporters, exitCodes.passed);
}

/** @throws HarnessError `report-of-benchmark` */
async function reportOfBench(
  file: string,
  { length }: readonly string[],
  options: ReportFiles,
  environment: Environment,
): Promise<number> {
  const given = (['tap', 'junit', 'trace'] as const).filter((name) => options[name] !== undefined);
  const refuse = (message: string, advice: string): never => {
    throw usageError('report-of-benchmark', message, { details: [advice] });
  };
  if (length > 1) {
    refuse(`${file} is a benchmark: give it alone`, 'two are compared by drover compare');
  }
  if (given.length > 0) {
    refuse(
      `${file} is a benchmark: leave out ${given.map((name) => `--${name}`).join(', ')}`,
      'it has --html, --json, --markdown, --csv, --export and --history',
    );
  }
  const document = readBench(file);
  // a median of few samples would look like a change
  if (options.history !== undefined && document.isUnfinished === true) {
    refuse(
      `${file}: the benchmark was cancelled before its end: leave out --history`,
      `measure it again: ${document.rerun ?? 'drover bench --history DIR'}`,
    );
  }
  await checkBenchFiles(options, document.host);
  return await reportBench(document, options, environment, exitCodes.passed);
}

async function* eventsOf(log: string): AsyncGenerator<DroverEvent> {
  for await (const event of readEventLog(log, noteOnStderr)) {
    yield located(event, path.dirname(log));
  }
}

async function recordOf(log: string): Promise<RunRecord> {
  const record = new RunRecord();
  for await (const event of eventsOf(log)) record.add(event);
  return record;
}

/** Only the HTML page takes several runs. */
function onlyHtml(options: ReportOptions): string {
  refuseReports(
    options,
    ['tap', 'junit', 'json', 'markdown', 'trace'],
    'several runs fit into --html only',
  );
  if (options.html !== undefined) return options.html;
  throw usageError(
    'report-of-many',
    'several runs need --html FILE: no other report takes more than one run',
    { details: ['if these are shards of one run, merge them first: drover merge'] },
  );
}
