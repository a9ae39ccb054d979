/** `drover merge`: merges the results of a run's shards. Starts no QEMU. */
import { realpathSync } from 'node:fs';
import path from 'node:path';
import { usageError } from '../../model/errors.js';
import type { DroverEvent } from '../../model/events.js';
import { RunRecord } from '../../report/fold/summary.js';
import { EventLog } from '../../report/log/event-log.js';
import { adoptEvidence, logFacts, mergedEvents } from '../../report/log/merge.js';
import { planMerges } from '../../report/log/merge-plan.js';
import type { LogFacts, MergePlan } from '../../report/log/merge-plan.js';
import { eventLogPath, logName, removeLogs, runsIn } from '../../report/log/read-log.js';
import { isPair, pairFolder } from '../../report/matrix/matrix.js';
import type { PairRecord } from '../../report/matrix/matrix.js';
import { Reporters } from '../../report/reporter.js';
import { printableLine } from '../../model/text/printable.js';
import { noTimings } from '../../schedule/timings.js';
import { readTimings } from '../../schedule/timings-file.js';
import type { Environment } from '../process/environment.js';
import { noteOnStderr } from '../process/print.js';
import { exitCodes, worstExitCode } from '../process/exit-codes.js';
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
import { TimingsKeeper, timingsFiles } from '../run/timings-keeper.js';
import { makeOutputDirectory } from '../run/run-workspace.js';

interface MergeOptions extends ReportOptions {
  readonly out: string;
  readonly allowMissing?: boolean;
  readonly timings?: string;
}

export const addMergeCommand: AddCommand = (program, environment, finish) => {
  const command = program
    .command('merge')
    .usage('[options] -o <dir> <dirs...>')
    .description('merge the results of the shards of one run, or of one matrix')
    .argument('<dirs...>', 'the folders of --out, one for each shard')
    .optionsGroup('What to merge, and where to:')
    .requiredOption(
      '-o, --out <dir>',
      'write the merged event log, evidence and timings to this folder',
    )
    .option(
      '--allow-missing',
      'warn instead of failing when shards or pairs are missing, duplicated or from another run',
    )
    .option('--timings <file>', 'durations of tests: read if the file exists, and updated');
  withReportOptions(command).action(async (dirs: string[], options: MergeOptions) => {
    finish(await mergeCommand(dirs, options, environment));
  });
  withExamples(command, {
    'drover merge shard1 shard2 -o merged --junit merged.xml':
      'one event log in merged/, and a JUnit report of both shards',
    'drover merge matrix1 matrix2 -o matrix --html grid.html':
      'a matrix that ran in two parts (matrix --shard)',
  });
};

async function mergeCommand(
  dirs: readonly string[],
  options: MergeOptions,
  environment: Environment,
): Promise<number> {
  const facts: LogFacts[] = [];
  for (const dir of dirs) {
    for (const run of await runsIn(dir)) facts.push(await logFacts(run, noteOnStderr));
  }
  const [first, ...others] = facts;
  if (first === undefined) throw new Error('at least one folder is required');
  const isMatrix = first.started.matrix !== undefined;
  for (const { from } of facts) {
    const folder = path.dirname(await eventLogPath(from));
    const isBelow = isMatrix && isSameFolder(path.dirname(folder), options.out);
    if (!isBelow && !isSameFolder(folder, options.out)) continue;
    throw usageError(
      'output-directory',
      `-o: '${options.out}' is or holds the folder of '${from}', one of the shards to merge; give another folder`,
    );
  }
  if (isMatrix) refuseReports(options, matrixReports.refused, matrixReports.why);
  const before =
    (options.timings === undefined ? undefined : readTimings(options.timings)) ?? noTimings;
  const { plans, problems } = planMerges([first, ...others]);
  if (problems.length > 0 && options.allowMissing !== true) {
    const lines = problems.map((problem) => `drover: ${printableLine(problem)}\n`);
    process.stderr.write(
      `${lines.join('')}drover: merged nothing; --allow-missing merges what is there\n`,
    );
    return exitCodes.failed;
  }
  makeOutputDirectory(options.out);
  await checkReportOptions(options);
  if (isMatrix) await removeLogs(options.out);
  const keeper = new TimingsKeeper();
  const pairs: PairRecord[] = [];
  let exitCode: number = exitCodes.passed;
  for (const plan of plans) {
    const matrix = plan.logs[0]?.started.matrix;
    const out = matrix === undefined ? options.out : path.join(options.out, pairFolder(matrix));
    makeOutputDirectory(out);
    const reporters =
      matrix === undefined
        ? await openReports(options, environment, out, true)
        : new Reporters([new EventLog({ path: path.join(out, logName), replace: true })]);
    const record = new RunRecord();
    exitCode = await mergeInto(out, plan, reporters, (event) => {
      reporters.onEvent(event);
      keeper.onEvent(event);
      record.add(event);
    });
    if (isPair(record)) pairs.push(record);
  }
  const files = timingsFiles({ out: options.out, timings: options.timings, isShard: false });
  for (const problem of await keeper.write(before, files))
    process.stderr.write(`drover: ${problem}\n`);
  return isMatrix ? await reportMatrix(pairs, options, environment) : exitCode;
}

/** @returns the exit code of the merged run */
async function mergeInto(
  out: string,
  plan: MergePlan,
  reporters: Reporters,
  tell: (event: DroverEvent) => void,
): Promise<number> {
  // the reports name what --allow-missing let through; the exit code is about what ran
  const codes = plan.logs.map(({ finished }) => finished?.exitCode ?? exitCodes.broken);
  const exitCode = worstExitCode(codes);
  const used = new Set<string>();
  for await (const event of mergedEvents(plan, exitCode)) {
    const adopted = adoptEvidence(event, path.resolve(out), used);
    if (adopted.problem !== undefined) {
      tell({ type: 'warning', atMs: event.atMs, message: adopted.problem });
    }
    tell(adopted.event);
  }
  return await closeReports(reporters, exitCode);
}

/** Also through links; false if one does not exist yet. */
function isSameFolder(there: string, out: string): boolean {
  try {
    return realpathSync(there) === realpathSync(out);
  } catch {
    return false;
  }
}
