/**
 * Decides whether several logs are the shards of one run or the pairs of one matrix, and which are
 * missing or duplicated. Pure: the first events in, a decision out.
 */
import type { EventOf, Merged, MergedRun, QemuIdentity } from '../../model/events.js';
import type { MatrixPair, MatrixQemu } from '../../model/matrix-pair.js';
import { nameOfPair, pairsOf } from '../matrix/matrix.js';

type Started = EventOf<'run-started'>;

/** What a log's first and last events say about it. */
export interface LogFacts {
  /** the folder, as it was given */
  readonly from: string;
  readonly started: Started;
  readonly finished: EventOf<'run-finished'> | undefined;
  /** time of the last event, if `run-finished` is missing */
  readonly lastAtMs: number;
}

export interface MergePlan {
  /** the logs to merge, by shard number; at least one */
  readonly logs: readonly LogFacts[];
  readonly merged: Merged;
}

export function shardOf({ started }: LogFacts): { readonly index: number; readonly total: number } {
  return started.shard ?? { index: 1, total: 1 };
}

/** The list of all tests that a log says it is a shard of. */
function listOf({ started }: LogFacts): readonly string[] {
  return started.shard?.allTests ?? started.tests;
}

/**
 * One plan, or one for each pair of the matrix that the logs are of.
 * @param given at least one; the first says which run or which matrix
 */
export function planMerges(given: readonly [LogFacts, ...LogFacts[]]): {
  readonly plans: readonly MergePlan[];
  /** of all plans, and pairs that are missing */
  readonly problems: readonly string[];
} {
  const [first] = given;
  const { matrix } = first.started;
  const problems: string[] = [];
  const own = given.filter((log) => {
    const why = foreignness(log, first);
    if (why !== undefined) {
      problems.push(`${log.from} is of another run than ${first.from}: ${why}; it is left out`);
    }
    return why === undefined;
  });
  const foreign = [...problems];
  const keyOf = (pair: MatrixPair | undefined): string => `${pair?.source} ${pair?.destination}`;
  const plans = (matrix === undefined ? [undefined] : pairsOf(matrix)).flatMap((pair) => {
    const logs = own.filter(({ started }) => keyOf(started.matrix) === keyOf(pair));
    const [one, ...others] = logs;
    if (one !== undefined) return [planMerge([one, ...others], foreign)];
    if (pair !== undefined) problems.push(`pair ${nameOfPair(pair)} is missing`);
    return [];
  });
  problems.push(...plans.flatMap((plan) => plan.problems));
  return { plans, problems };
}

function planMerge(
  given: readonly [LogFacts, ...LogFacts[]],
  foreign: readonly string[],
): MergePlan & { readonly problems: readonly string[] } {
  const problems: string[] = [];
  const [first] = given;
  const taken = new Map<number, LogFacts>();
  for (const log of given) {
    const { index, total } = shardOf(log);
    const other = taken.get(index);
    if (other === undefined) taken.set(index, log);
    else {
      const better = isBetter(log, other) ? log : other;
      taken.set(index, better);
      const what =
        other.from === log.from
          ? `${log.from} is given twice`
          : total === 1
            ? `${other.from} and ${log.from} are two whole runs, not shards of one (run --shard)`
            : `shard ${index} of ${total} is there twice: ${other.from} and ${log.from}`;
      problems.push(`${what}; --allow-missing uses ${better.from}`);
    }
  }
  const logs = [...taken].sort(([a], [b]) => a - b).map(([, log]) => log);
  const { total } = shardOf(first);
  const missingShards = numbers(total).filter((index) => !taken.has(index));
  for (const index of missingShards) problems.push(`shard ${index} of ${total} is missing`);
  for (const { from, finished } of logs) {
    if (finished === undefined) problems.push(`${from} ended before its run was complete`);
  }
  const there = new Map<string, LogFacts>();
  for (const log of logs) {
    for (const test of new Set(log.started.tests)) {
      const other = there.get(test);
      if (other !== undefined) {
        problems.push(
          `${test} is both in ${other.from} and in ${log.from}: the shards were not made from the same --timings`,
        );
      } else there.set(test, log);
    }
  }
  const missingTests = listOf(first).filter((test) => !there.has(test));
  if (missingShards.length === 0 && missingTests.length > 0) {
    problems.push(`no shard has ${some(missingTests)}: they were not made from the same --timings`);
  }
  const remarks = [
    ...foreign,
    ...problems.filter((problem) => !problem.endsWith(' is missing')),
    ...differences(logs),
  ];
  return {
    logs,
    merged: { runs: logs.map(runOf), missingShards, missingTests, remarks },
    problems,
  };
}

function foreignness(log: LogFacts, first: LogFacts): string | undefined {
  const [mine, other] = [shardOf(log), shardOf(first)];
  if (mine.total !== other.total) return `it is one of ${mine.total} shards, not of ${other.total}`;
  if (log.started.testList !== first.started.testList) {
    const missing = listOf(first).filter((test) => !listOf(log).includes(test));
    const more = listOf(log).filter((test) => !listOf(first).includes(test));
    const what = [
      ...(missing.length > 0 ? [`it lacks ${some(missing)}`] : []),
      ...(more.length > 0 ? [`it has ${some(more)}`] : []),
    ];
    return `another list of tests${what.length > 0 ? `: ${what.join(', ')}` : ''}`;
  }
  if (log.started.drover !== first.started.drover) {
    return `made by Drover ${log.started.drover}, not ${first.started.drover}`;
  }
  const [its, wanted] = [log.started.matrix, first.started.matrix];
  if (its?.qemus.length !== wanted?.qemus.length || its?.crossOnly !== wanted?.crossOnly) {
    return 'it is no pair of the same matrix';
  }
  const others = qemusOf(first);
  for (const [index, [place, qemu]] of qemusOf(log).entries()) {
    const difference = qemuDifference(qemu, others[index]?.[1] ?? {});
    if (difference !== undefined) return `another QEMU as ${place}: ${difference}`;
  }
  return undefined;
}

type Program = Partial<Pick<QemuIdentity, 'version' | 'package' | 'arch'>> &
  Pick<MatrixQemu, 'digest'>;

function qemusOf({ started }: LogFacts): (readonly [string, Program])[] {
  const { matrix, source, destination } = started;
  return matrix === undefined
    ? Object.entries({ source, destination })
    : matrix.qemus.map((qemu, index) => [`number ${index + 1}`, qemu]);
}

/** Compares the QEMU program, not its path or its command. */
function qemuDifference(a: Program, b: Program): string | undefined {
  for (const key of ['version', 'package', 'arch'] as const) {
    if (a[key] !== b[key]) return `${a[key] ?? 'unusable'}, not ${b[key] ?? 'unusable'}`;
  }
  if (a.digest === undefined || b.digest === undefined || a.digest === b.digest) return undefined;
  return `another build of ${a.version}, SHA-256 ${a.digest.slice(0, 12)}, not ${b.digest.slice(0, 12)}`;
}

/** Complete runs first, then the later one. */
function isBetter(log: LogFacts, other: LogFacts): boolean {
  const complete = (facts: LogFacts): number => (facts.finished === undefined ? 0 : 1);
  if (complete(log) !== complete(other)) return complete(log) > complete(other);
  return log.started.time > other.started.time;
}

/** Differences between machines that are allowed, and worth a remark. */
function differences(logs: readonly LogFacts[]): string[] {
  return (['accel', 'machine'] as const).flatMap((key) => {
    const values = new Set(logs.map(({ started }) => started[key]));
    return values.size > 1 ? [`shards ran with different ${key}: ${[...values].join(', ')}`] : [];
  });
}

function runOf(log: LogFacts): MergedRun {
  const { from, started, finished, lastAtMs } = log;
  const { index, total } = shardOf(log);
  return {
    index,
    total,
    from,
    time: started.time,
    host: started.host,
    workers: started.workers,
    durationMs: finished?.durationMs ?? lastAtMs,
    exitCode: finished?.exitCode,
  };
}

function numbers(total: number): number[] {
  return Array.from({ length: total }, (_, index) => index + 1);
}

function some(names: readonly string[]): string {
  const [first = '', ...rest] = names;
  return rest.length === 0 ? first : `${first} and ${rest.length} more`;
}
