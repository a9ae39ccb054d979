/**
 * Runs attempts over a pool, longest first, and tells what happens as events. Deciding what starts
 * next is synchronous; everything else is a reaction to a finished attempt.
 */
import path from 'node:path';
import type { DroverEvent } from '../model/events.js';
import type { Outcome, OutcomeKind } from '../model/outcome.js';
import { toFailure } from '../model/errors.js';
import type { PairPlan } from '../migration/plan.js';
import { createTestDirectory, moveDirectory, removeDirectory } from '../qemu/work-directory.js';
import type { AttemptReport, FromWorker } from './protocol.js';
import type { AttemptHandle, WorkerPool } from './pool.js';

export interface PlannedTest {
  /** without the architecture */
  readonly path: string;
  /** with it: the name in events and reports */
  readonly name: string;
  /** the user's module that defines it; Drover's own unless given */
  readonly file?: string;
  readonly usualMs: number;
  /** why it is not run at all */
  readonly skip?: string;
}

export interface RunInput {
  readonly tests: readonly PlannedTest[];
  readonly repeat: number;
  readonly plan: PairPlan;
  readonly jobs: number;
  readonly pool: WorkerPool;
  /** private directory of the run; each attempt gets one below it */
  readonly directory: string;
  /** keep the directories of passed and cancelled tests too */
  readonly keep: boolean;
  /** where kept directories are moved to; asked for only when there is one */
  readonly evidenceDirectory: () => string;
  readonly timeoutMs: number;
  readonly rerun: (name: string) => string;
  readonly emit: (event: DroverEvent) => void;
  /** milliseconds since the run started */
  readonly clock: () => number;
  readonly signal: AbortSignal;
}

interface Attempt {
  readonly test: PlannedTest;
  readonly attempt: number;
}

export type Counts = Record<OutcomeKind, number>;

export async function runTests(input: RunInput): Promise<Counts> {
  const counts: Counts = { passed: 0, failed: 0, broken: 0, skipped: 0, cancelled: 0 };
  const queue = order(input);
  const running = new Map<AttemptHandle, Promise<void>>();
  const finish = (attempt: Attempt, report: AttemptReport, directory?: string): void => {
    counts[report.outcome.kind]++;
    input.emit({
      type: 'test-finished',
      atMs: input.clock(),
      test: attempt.test.name,
      attempt: attempt.attempt,
      outcome: report.outcome,
      durationMs: report.durationMs,
      phases: report.phases,
      ...(directory === undefined ? {} : { directory }),
      ...(report.timeline === undefined ? {} : { timeline: report.timeline }),
      ...(report.exercised === undefined ? {} : { exercised: report.exercised }),
    });
  };
  const cancelAll = (): void => {
    for (const handle of running.keys()) handle.cancel();
  };
  input.signal.addEventListener('abort', cancelAll, { once: true });
  try {
    for (const test of input.tests.filter(({ skip }) => skip !== undefined)) {
      finish({ test, attempt: 1 }, atOnce({ kind: 'skipped', reason: test.skip ?? '' }));
    }
    let next = queue.next().value;
    for (;;) {
      while (next !== undefined && running.size < input.jobs && !input.signal.aborted) {
        startOne(input, next, running, finish);
        next = queue.next().value;
      }
      if (running.size === 0) break;
      await Promise.race(running.values());
    }
  } finally {
    input.signal.removeEventListener('abort', cancelAll);
  }
  return counts;
}

/**
 * Rounds of all tests, so that a repeated run ends evenly; within a round the longest first. One
 * attempt at a time: there may be millions.
 */
function* order(input: RunInput): Generator<Attempt, undefined> {
  const runnable = input.tests
    .filter(({ skip }) => skip === undefined)
    .sort((a, b) => b.usualMs - a.usualMs);
  for (let attempt = 1; attempt <= input.repeat && runnable.length > 0; attempt++) {
    for (const test of runnable) yield { test, attempt };
  }
  return undefined;
}

function atOnce(outcome: Outcome): AttemptReport {
  return { outcome, durationMs: 0, phases: [] };
}

function startOne(
  input: RunInput,
  attempt: Attempt,
  running: Map<AttemptHandle, Promise<void>>,
  finish: (attempt: Attempt, report: AttemptReport, directory?: string) => void,
): void {
  const { test } = attempt;
  const of = { test: test.name, attempt: attempt.attempt };
  input.emit({ type: 'test-started', atMs: input.clock(), ...of });
  let directory: string;
  try {
    directory = createTestDirectory(input.directory, directoryName(input, attempt));
  } catch (error) {
    const report = atOnce({ kind: 'broken', failure: toFailure(error, 'prepare') });
    const handle: AttemptHandle = {
      report: Promise.resolve(report),
      cancel: () => undefined,
      next: () => undefined,
    };
    const done = async (): Promise<void> => {
      // gives signals and reporters their turn, however many attempts meet the same obstacle
      await new Promise(setImmediate);
      running.delete(handle);
      finish(attempt, report);
    };
    running.set(handle, done());
    return;
  }
  const onMessage = (message: FromWorker): void => {
    const atMs = input.clock();
    if (message.type === 'phase') {
      input.emit({ type: 'phase-started', atMs, ...of, phase: message.phase });
    } else if (message.type === 'note') {
      input.emit({ type: 'warning', atMs, message: `${test.name}: ${message.message}` });
    } else if (message.type === 'status') {
      const { side, status } = message;
      input.emit({ type: 'migration-status', atMs, ...of, side, status });
    }
  };
  const handle = input.pool.start(
    {
      path: test.path,
      ...(test.file === undefined ? {} : { file: test.file }),
      plan: input.plan,
      directory,
      timeoutMs: input.timeoutMs,
      rerun: input.rerun(test.name),
    },
    onMessage,
  );
  const done = async (): Promise<void> => {
    const report = await handle.report;
    const kept = await settleDirectory(input, attempt, report.outcome, directory);
    running.delete(handle);
    finish(attempt, report, kept);
  };
  running.set(handle, done());
}

/** short, since sockets live in it: the longest is 22 characters */
function directoryName(input: RunInput, { test, attempt }: Attempt): string {
  return `${path.basename(test.path).slice(0, 12)}-${input.tests.indexOf(test)}-${attempt}`;
}

/** Evidence stays, everything else goes. Says where it stays. */
async function settleDirectory(
  input: RunInput,
  attempt: Attempt,
  outcome: Outcome,
  directory: string,
): Promise<string | undefined> {
  const evidence = outcome.kind === 'failed' || outcome.kind === 'broken';
  try {
    if (!evidence && !input.keep) {
      await removeDirectory(directory);
      return undefined;
    }
    const name = `${attempt.test.path.slice(1).replaceAll('/', '-')}-${attempt.attempt}`;
    const kept = path.join(input.evidenceDirectory(), name);
    await moveDirectory(directory, kept);
    return kept;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    input.emit({
      type: 'warning',
      atMs: input.clock(),
      message: `cannot ${evidence || input.keep ? 'move' : 'remove'} '${directory}': ${why}`,
    });
    return directory;
  }
}
