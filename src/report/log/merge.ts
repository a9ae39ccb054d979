/**
 * Joins the logs of a run's shards into one, line by line, with one event of each log in memory.
 * Events keep the times of their own run and are sorted by them, as if all shards had started
 * together.
 */
import { cpSync, existsSync } from 'node:fs';
import path from 'node:path';
import type { DroverEvent, EventOf } from '../../model/events.js';
import { isCopied } from '../../qemu/work-directory.js';
import { noCounts } from '../fold/counts.js';
import { located } from './evidence-place.js';
import { shardOf } from './merge-plan.js';
import type { LogFacts, MergePlan } from './merge-plan.js';
import { eventLogPath, readEventLog } from './read-log.js';

/** Reads a log once and keeps only what the plan needs. */
export async function logFacts(from: string, note?: (text: string) => void): Promise<LogFacts> {
  let started: EventOf<'run-started'> | undefined;
  let finished: EventOf<'run-finished'> | undefined;
  let lastAtMs = 0;
  for await (const event of readEventLog(await eventLogPath(from), note)) {
    lastAtMs = Math.max(lastAtMs, event.atMs);
    if (event.type === 'run-started') started = event;
    if (event.type === 'run-finished') finished = event;
  }
  if (started === undefined) throw new Error('a log begins with run-started');
  return { from, started, finished, lastAtMs };
}

/**
 * All events of the merged log: `run-started` first, `run-finished` last, with the sums over the
 * shards.
 */
export async function* mergedEvents(
  { logs, merged }: MergePlan,
  exitCode: number,
): AsyncGenerator<DroverEvent, void, undefined> {
  const [first] = logs;
  if (first === undefined) return;
  yield startOf(first, logs, merged);
  const sources = await Promise.all(logs.map((log) => Source.open(log)));
  for (;;) {
    const next = sources
      .filter(({ event }) => event !== undefined)
      .reduce<Source | undefined>(
        (best, source) =>
          (best?.event?.atMs ?? Infinity) <= (source.event?.atMs ?? 0) ? best : source,
        undefined,
      );
    if (next?.event === undefined) break;
    yield next.event;
    await next.advance();
  }
  yield endOf(logs, exitCode);
}

class Source {
  event: DroverEvent | undefined;
  readonly #seen = new Set<string>();

  private constructor(
    private readonly log: LogFacts,
    private readonly folder: string,
    private readonly events: AsyncGenerator<DroverEvent, void, undefined>,
  ) {}

  static async open(log: LogFacts): Promise<Source> {
    const file = await eventLogPath(log.from);
    const source = new Source(log, path.dirname(file), readEventLog(file));
    await source.advance();
    return source;
  }

  async advance(): Promise<void> {
    for (;;) {
      const { value } = await this.events.next();
      if (value === undefined) {
        this.event = undefined;
        return;
      }
      if (value.type === 'run-started' || value.type === 'run-finished') continue;
      if (value.type === 'test-finished' && this.#isRepeated(value)) continue;
      this.event = { ...located(value, this.folder), fromShard: shardOf(this.log).index };
      return;
    }
  }

  /** An attempt ends once; a second `test-finished` is a copied line. */
  #isRepeated({ test, attempt }: EventOf<'test-finished'>): boolean {
    const key = `${attempt} ${test}`;
    if (this.#seen.has(key)) return true;
    this.#seen.add(key);
    return false;
  }
}

function startOf(
  { started }: LogFacts,
  logs: readonly LogFacts[],
  merged: MergePlan['merged'],
): EventOf<'run-started'> {
  const { shard, ...shared } = started;
  const all = logs.flatMap((log) => log.started.tests);
  const testFiles = Object.assign({}, ...logs.map((log) => log.started.testFiles ?? {})) as Record<
    string,
    string
  >;
  return {
    ...shared,
    workers: logs.reduce((sum, log) => sum + log.started.workers, 0),
    total: logs.reduce((sum, log) => sum + log.started.total, 0) + merged.missingTests.length,
    tests: inOrder(shard?.allTests ?? started.tests, all),
    testFiles: Object.keys(testFiles).length === 0 ? undefined : testFiles,
    time: logs.reduce(
      (least, log) => (log.started.time < least ? log.started.time : least),
      started.time,
    ),
    merged,
  };
}

/** All tests in the run's order, including those without a result. */
function inOrder(whole: readonly string[], there: readonly string[]): string[] {
  const known = new Set(whole);
  return [...whole, ...there.filter((test) => !known.has(test))];
}

function endOf(logs: readonly LogFacts[], exitCode: number): EventOf<'run-finished'> {
  const ends = logs.flatMap(({ finished }) => (finished === undefined ? [] : [finished]));
  const sum = (of: (end: EventOf<'run-finished'>) => number | undefined): number =>
    ends.reduce((total, end) => total + (of(end) ?? 0), 0);
  const counts = Object.fromEntries(
    Object.keys(noCounts).map((kind) => [
      kind,
      sum((end) => end.counts[kind as keyof typeof noCounts]),
    ]),
  ) as EventOf<'run-finished'>['counts'];
  const durationMs = Math.max(
    ...logs.map(({ finished, lastAtMs }) => finished?.durationMs ?? lastAtMs),
  );
  const failure = ends.find((end) => end.failure !== undefined)?.failure;
  return {
    type: 'run-finished',
    atMs: durationMs,
    counts,
    flaky: sum(({ flaky }) => flaky),
    quarantined: sum(({ quarantined }) => quarantined),
    retried: sum(({ retried }) => retried),
    sumMs: sum(({ sumMs }) => sumMs),
    durationMs,
    exitCode,
    failure,
  };
}

/**
 * Copies an attempt's kept directory into the merged folder.
 * @returns the event with its new directory, or a sentence that says why it could not be copied
 */
export function adoptEvidence(
  event: DroverEvent,
  out: string,
  used: Set<string>,
): { readonly event: DroverEvent; readonly problem?: string } {
  if (event.type !== 'test-finished' || event.directory === undefined) return { event };
  const from = event.directory;
  if (!existsSync(from)) {
    const { directory: _gone, ...rest } = event;
    return { event: rest, problem: `the evidence of ${event.test} is not there: ${from}` };
  }
  const plain = path.basename(from);
  const name = used.has(plain) ? `${plain}-shard-${String(event.fromShard ?? 1)}` : plain;
  used.add(name);
  const directory = path.join(out, name);
  if (path.resolve(from) !== path.resolve(directory)) {
    cpSync(from, directory, { recursive: true, force: true, filter: isCopied });
  }
  return { event: { ...event, directory } };
}
