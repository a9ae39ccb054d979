/** `drover shards`: estimates the run time for each number of shards. Starts no QEMU. */
import { usageError } from '../../model/errors.js';
import { formatDuration } from '../../model/text/format.js';
import { planShards } from '../../schedule/shards.js';
import { readTimings } from '../../schedule/timings-file.js';
import { expectations } from '../../schedule/timings.js';
import type { Timings } from '../../schedule/timings.js';
import { columns } from '../../model/text/columns.js';
import { exitCodes } from '../process/exit-codes.js';
import { lines } from '../process/print.js';
import { withExamples } from '../options/help.js';
import type { AddCommand } from '../options/help.js';
import { countUpTo } from '../options/options.js';

interface ShardsOptions {
  readonly timings: string;
  readonly max: number;
  readonly jobs: number;
  readonly json?: boolean;
}

export interface ShardForecast {
  readonly shards: number;
  /** until the last shard ends, and until the first one ends */
  readonly longestMs: number;
  readonly shortestMs: number;
  /** how far the longest shard is above the minimum: equal parts, or the longest test */
  readonly overBest: number;
}

export const addShardsCommand: AddCommand = (program, _environment, finish) => {
  const command = program
    .command('shards')
    .usage('[options] --timings <file>')
    .description('estimate the run time for each number of shards')
    .requiredOption(
      '--timings <file>',
      'durations of tests: timings.json of a run or merge, or the file of --timings',
    )
    .option('--max <count>', 'largest number of shards', countUpTo(1000), 16)
    .option('-j, --jobs <count>', 'tests at the same time on each machine', countUpTo(256), 1)
    .option('--json', 'write JSON instead of text')
    .action((options: ShardsOptions) => {
      const timings = readTimings(options.timings);
      if (timings === undefined || Object.keys(timings.tests).length === 0) {
        throw usageError(
          'timings-file',
          `--timings: '${options.timings}' ${timings === undefined ? 'does not exist' : 'has no durations: no test passed'}; give the timings.json of a run's --out, or the file of its --timings`,
        );
      }
      const rows = forecasts(timings, options.max, options.jobs);
      process.stdout.write(
        options.json === true ? `${JSON.stringify(rows, null, 2)}\n` : asText(rows),
      );
      finish(exitCodes.passed);
    });
  withExamples(command, {
    'drover shards --timings results/timings.json --max 8 -j 4': '1 to 8 machines, 4 tests at once',
  });
};

export function forecasts(timings: Timings, max: number, jobs: number): ShardForecast[] {
  const expected = expectations(timings);
  const unseen = Object.keys(timings.tests).map((test) => ({ test }));
  const msOf = new Map(unseen.map((each) => [each.test, expected(each)]));
  const all = [...msOf.values()];
  const sumMs = all.reduce((sum, ms) => sum + ms, 0);
  return Array.from({ length: max }, (_, index) => {
    const total = index + 1;
    const walls = planShards(unseen, total, timings).shards.map((shard) =>
      wallMs(
        shard.map((test) => msOf.get(test) ?? 0),
        jobs,
      ),
    );
    const longestMs = Math.max(...walls);
    const bestMs = Math.max(sumMs / total / jobs, ...all);
    return {
      shards: total,
      longestMs,
      shortestMs: Math.min(...walls),
      overBest: bestMs === 0 ? 0 : longestMs / bestMs - 1,
    };
  });
}

/**
 * How long a shard takes with `jobs` tests at once, the longest first, as the runner starts them.
 */
function wallMs(durations: readonly number[], jobs: number): number {
  const free = new Array<number>(jobs).fill(0);
  for (const ms of durations.toSorted((a, b) => b - a)) {
    const slot = free.indexOf(Math.min(...free));
    free[slot] = (free[slot] ?? 0) + ms;
  }
  return Math.max(...free);
}

function asText(rows: readonly ShardForecast[]): string {
  const cells = rows.map(({ shards, longestMs, shortestMs, overBest }) => [
    String(shards),
    formatDuration(longestMs),
    formatDuration(shortestMs),
    `${(overBest * 100).toFixed(1)} %`,
  ]);
  const head = ['shards', 'longest', 'shortest', 'above the minimum'];
  return lines(columns([head, ...cells], [0, 1, 2, 3]));
}
