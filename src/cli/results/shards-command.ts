/** `drover shards`: what a run would take, split into so many parts. Starts nothing. */
import type { Command } from 'commander';
import { HarnessError } from '../../model/errors.js';
import { formatDuration } from '../../model/text/format.js';
import { planShards } from '../../schedule/shards.js';
import { readTimings } from '../../schedule/timings-file.js';
import { expectations } from '../../schedule/timings.js';
import type { Timings } from '../../schedule/timings.js';
import { columns } from '../options/columns.js';
import { exitCodes } from '../process/exit-codes.js';
import { countUpTo } from '../options/options.js';

interface ShardsOptions {
  readonly timings: string;
  readonly max: number;
  readonly jobs: number;
  readonly json?: boolean;
}

export interface ShardForecast {
  readonly shards: number;
  /** until the last one is done, and until the first one is */
  readonly longestMs: number;
  readonly shortestMs: number;
  /** of the longest, against equal parts or the longest test, which no split can be better than */
  readonly overBest: number;
}

export function addShardsCommand(
  program: Command,
  _environment: unknown,
  finish: (exitCode: number) => void,
): void {
  program
    .command('shards')
    .description('show what each number of shards would take')
    .requiredOption('--timings <file>', 'how long tests took, as a run or merge wrote it')
    .option('--max <count>', 'numbers of shards up to this one', countUpTo(1000), 16)
    .option('-j, --jobs <count>', 'tests at the same time on each machine', countUpTo(256), 1)
    .option('--json', 'as JSON')
    .action((options: ShardsOptions) => {
      const timings = readTimings(options.timings);
      if (timings === undefined || Object.keys(timings.tests).length === 0) {
        throw new HarnessError({
          code: 'timings-file',
          blame: 'usage',
          message: `--timings: there is nothing in '${options.timings}'; a run with --timings or --out writes such a file`,
        });
      }
      const rows = forecasts(timings, options.max, options.jobs);
      process.stdout.write(
        options.json === true ? `${JSON.stringify(rows, null, 2)}\n` : asText(rows),
      );
      finish(exitCodes.passed);
    });
}

export function forecasts(timings: Timings, max: number, jobs: number): ShardForecast[] {
  const expected = expectations(timings);
  const unseen = Object.keys(timings.tests).map((test) => ({ test, usualMs: 1000 }));
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

/** How long a shard takes with so many tests at once, the longest first, as the runner starts them. */
function wallMs(durations: readonly number[], jobs: number): number {
  const free = new Array<number>(jobs).fill(0);
  for (const ms of durations.toSorted((a, b) => b - a)) {
    const slot = free.indexOf(Math.min(...free));
    free[slot] = (free[slot] ?? 0) + ms;
  }
  return Math.max(...free);
}

function asText(rows: readonly ShardForecast[]): string {
  const lines = columns(
    [
      ['shards', 'longest', 'shortest', 'above the least possible'],
      ...rows.map(({ shards, longestMs, shortestMs, overBest }) => [
        String(shards),
        formatDuration(longestMs),
        formatDuration(shortestMs),
        `${(overBest * 100).toFixed(1)} %`,
      ]),
    ],
    [0, 1, 2, 3],
  );
  return lines.map((line) => `${line}\n`).join('');
}
