/** `drover merge`: merges the results of a run's shards. Starts no QEMU. */
import { realpathSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { HarnessError } from '../../model/errors.js';
import type { DroverEvent } from '../../model/events.js';
import { adoptEvidence, logFacts, mergedEvents } from '../../report/log/merge.js';
import { planMerge } from '../../report/log/merge-plan.js';
import type { LogFacts } from '../../report/log/merge-plan.js';
import { printableLine } from '../../model/text/printable.js';
import { eventLogPath } from '../../report/log/read-log.js';
import { noTimings } from '../../schedule/timings.js';
import { readTimings } from '../../schedule/timings-file.js';
import type { Environment } from '../process/environment.js';
import { noteOnStderr } from '../process/note.js';
import { exitCodes, worstExitCode } from '../process/exit-codes.js';
import { withExamples } from '../options/help.js';
import {
  checkReportOptions,
  closeReports,
  openReports,
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

export function addMergeCommand(
  program: Command,
  environment: Environment,
  finish: (exitCode: number) => void,
): void {
  const command = program
    .command('merge')
    .usage('[options] -o <dir> <dirs...>')
    .description('merge the results of the shards of one run')
    .argument('<dirs...>', 'the folders of --out, one for each shard')
    .requiredOption(
      '-o, --out <dir>',
      'write the merged event log, evidence and timings to this folder',
    )
    .option(
      '--allow-missing',
      'warn instead of failing when shards are missing, duplicated or from another run',
    )
    .option('--timings <file>', 'durations of tests: read if the file exists, and updated');
  withReportOptions(command).action(async (dirs: string[], options: MergeOptions) => {
    finish(await mergeCommand(dirs, options, environment));
  });
  withExamples(command, {
    'drover merge shard1 shard2 -o merged --junit merged.xml':
      'one event log in merged/, and a JUnit report of both shards',
  });
}

async function mergeCommand(
  dirs: readonly string[],
  options: MergeOptions,
  environment: Environment,
): Promise<number> {
  for (const dir of dirs) {
    if (!isSameFolder(path.dirname(await eventLogPath(dir)), options.out)) continue;
    throw new HarnessError({
      code: 'output-directory',
      blame: 'usage',
      message: `-o: '${options.out}' is the folder of '${dir}', one of the shards to merge; give another folder`,
    });
  }
  const facts: LogFacts[] = [];
  for (const dir of dirs) facts.push(await logFacts(dir, noteOnStderr));
  const [first, ...others] = facts;
  if (first === undefined) throw new Error('at least one folder is required');
  const before =
    (options.timings === undefined ? undefined : readTimings(options.timings)) ?? noTimings;
  const plan = planMerge([first, ...others]);
  const allowed = options.allowMissing === true;
  if (plan.problems.length > 0 && !allowed) {
    const lines = plan.problems.map((problem) => `drover: ${printableLine(problem)}\n`);
    process.stderr.write(
      `${lines.join('')}drover: merged nothing; --allow-missing merges what is there\n`,
    );
    return exitCodes.failed;
  }
  makeOutputDirectory(options.out);
  await checkReportOptions(options);
  const codes = plan.logs.map(({ finished }) => finished?.exitCode ?? exitCodes.broken);
  // the reports name what --allow-missing let through; the exit code is about what ran
  const exitCode = worstExitCode(codes);
  const reporters = await openReports(options, environment, options.out, true);
  const keeper = new TimingsKeeper();
  const used = new Set<string>();
  const tell = (event: DroverEvent): void => {
    reporters.onEvent(event);
    keeper.onEvent(event);
  };
  for await (const event of mergedEvents(plan, exitCode)) {
    const adopted = adoptEvidence(event, path.resolve(options.out), used);
    if (adopted.problem !== undefined) {
      tell({ type: 'warning', atMs: event.atMs, message: adopted.problem });
    }
    tell(adopted.event);
  }
  const files = timingsFiles({ out: options.out, timings: options.timings, isShard: false });
  for (const problem of await keeper.write(before, files))
    process.stderr.write(`drover: ${problem}\n`);
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
