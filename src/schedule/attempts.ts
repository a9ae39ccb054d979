/** One attempt, in the main thread: its directory, its worker, its events, and its evidence. */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Demand } from '../model/demand.js';
import type { DroverEvent } from '../model/events.js';
import type { Outcome } from '../model/outcome.js';
import { toFailure } from '../model/errors.js';
import type { PairPlan } from '../migration/plan.js';
import { createTestDirectory, moveDirectory, removeDirectory } from '../qemu/work-directory.js';
import type { Waiting } from './decide.js';
import type { MemoryMeter } from './memory-meter.js';
import type { AttemptReport, AttemptTask, Progress, RoundProgress } from './protocol.js';
import type { AttemptHandle, WorkerPool } from './pool.js';

export interface PlannedTest {
  /** without the architecture */
  readonly path: string;
  /** with it: the name in events and reports */
  readonly name: string;
  /** the user's module that defines it; absent for Drover's own tests */
  readonly file?: string;
  readonly expectedMs: number;
  readonly demand: Demand;
  /** why it is skipped */
  readonly skip?: string;
}

export interface Attempt extends Waiting {
  readonly test: PlannedTest;
  /** of all attempts of the test, from 1 */
  readonly attempt: number;
  /** number of the retry; 0 for the first attempt of a round */
  readonly retry: number;
  /** place among those that run at the same time */
  readonly slot: number;
}

/** The result of an attempt; `directory` if it was kept. */
export interface Ended extends AttemptReport {
  readonly directory?: string;
  readonly memoryBytes?: number;
  /** where it ran elsewhere: the host, and its place among all that run at the same time */
  readonly host?: string;
  readonly slot?: number;
}

export interface AttemptsSetup {
  readonly plan: PairPlan;
  readonly pool: WorkerPool;
  /** private directory of the run; each attempt gets one below it */
  readonly directory: string;
  /** keep the directories of passed and cancelled tests too */
  readonly keep: boolean;
  /** where kept directories go; called only when there is one */
  readonly evidenceDirectory: () => string;
  readonly timeoutMs: number;
  readonly rerun: (name: string) => string;
  readonly meter?: MemoryMeter;
  readonly emit: (event: DroverEvent) => void;
  /** milliseconds since the run started */
  readonly clock: () => number;
}

export interface TestsSetup {
  readonly record: (attempt: Attempt, ended: AttemptReport) => Readonly<Record<string, string>>;
}

export interface StartedAttempt {
  /** undefined: it was withdrawn, or cancelled, before it began */
  readonly ended: Promise<Ended | undefined>;
  readonly cancel: () => void;
  /** of one that waits on another host's choice: it need not begin any more */
  readonly withdraw?: () => void;
}

/** One that begins at once. */
export interface LocalAttempt extends StartedAttempt {
  readonly ended: Promise<Ended>;
}

/** A task for a worker: a test, or one guest's life in a stress run. */
export interface WorkerTask {
  /** what its events are about; the rounds of a stress run change `attempt` */
  readonly of: { readonly test: string; readonly attempt: number };
  readonly task: Pick<AttemptTask, 'path' | 'file' | 'stress' | 'bench'>;
  readonly directoryName: string;
  readonly keptName: () => string;
  /** what to write into a kept directory beside the worker's evidence: file names and texts */
  readonly record?: (report: AttemptReport) => Readonly<Record<string, string>>;
  /** @param next says whether another round follows one that ended */
  readonly onRound?: (message: RoundProgress, next: (more: boolean) => void) => void;
}

/** @param number of the test in the run, part of the directory's name */
export function startAttempt(
  input: AttemptsSetup & TestsSetup,
  attempt: Attempt,
  number: number,
): LocalAttempt {
  const { test, slot, expectedMs } = attempt;
  const { path: testPath, file } = test;
  const of = { test: test.name, attempt: attempt.attempt };
  input.emit({ type: 'test-started', atMs: input.clock(), ...of, slot, expectedMs });
  return startTask(input, {
    of,
    task: { path: testPath, file },
    directoryName: directoryName(attempt, number),
    keptName: () => `${keptStem(testPath)}-${of.attempt}`,
    record: (report) => input.record(attempt, report),
  });
}

export function startTask(input: AttemptsSetup, task: WorkerTask): LocalAttempt {
  let directory: string;
  try {
    directory = createTestDirectory(input.directory, task.directoryName);
  } catch (error) {
    return { ended: withoutDirectory(error), cancel: () => undefined };
  }
  const measure = input.meter?.watch(directory);
  const handle: AttemptHandle = input.pool.start(
    {
      ...task.task,
      plan: input.plan,
      directory,
      timeoutMs: input.timeoutMs,
      rerun: input.rerun(task.of.test),
    },
    (message) => {
      if (message.type === 'round-started' || message.type === 'round') {
        task.onRound?.(message, handle.next);
      } else emitProgress(input, task.of, message);
    },
  );
  return { ended: settle(input, task, handle, directory, measure), cancel: handle.cancel };
}

async function withoutDirectory(error: unknown): Promise<Ended> {
  // lets signals and reporters run, even if many attempts fail at once
  await new Promise(setImmediate);
  return {
    outcome: { kind: 'broken', failure: toFailure(error, 'prepare') },
    durationMs: 0,
    phases: [],
  };
}

function emitProgress(
  { emit, clock }: AttemptsSetup,
  of: WorkerTask['of'],
  message: Exclude<Progress, RoundProgress>,
): void {
  const atMs = clock();
  if (message.type === 'phase') {
    emit({ type: 'phase-started', atMs, ...of, phase: message.phase });
  } else if (message.type === 'note') {
    emit({ type: 'warning', atMs, message: `${of.test}: ${message.message}` });
  } else {
    const { side, status } = message;
    emit({ type: 'migration-status', atMs, ...of, side, status });
  }
}

/** the name of a file has 255 bytes at most, and files beside the folder are called after it */
const longestStem = 160;

function keptStem(testPath: string): string {
  const stem = testPath.slice(1).replaceAll('/', '-');
  if (stem.length <= longestStem) return stem;
  const digest = createHash('sha256').update(stem).digest('hex').slice(0, 8);
  return `${stem.slice(0, longestStem)}-${digest}`;
}

/** short, since the paths of UNIX sockets are limited: at most 22 characters */
function directoryName({ test, attempt }: Attempt, number: number): string {
  return `${path.basename(test.path).slice(0, 12)}-${number}-${attempt}`;
}

async function settle(
  input: AttemptsSetup,
  task: WorkerTask,
  handle: AttemptHandle,
  directory: string,
  measure: (() => number | undefined) | undefined,
): Promise<Ended> {
  const report = await handle.report;
  const memoryBytes = measure?.();
  const kept = await settleDirectory(input, task, report, directory);
  return {
    ...report,
    directory: kept,
    memoryBytes,
  };
}

function isEvidence({ kind }: Outcome): boolean {
  return kind === 'failed' || kind === 'broken';
}

/** Keeps the evidence and removes everything else. Returns where the evidence is. */
async function settleDirectory(
  input: AttemptsSetup,
  task: WorkerTask,
  report: AttemptReport,
  directory: string,
): Promise<string | undefined> {
  const keep = isEvidence(report.outcome) || input.keep;
  try {
    if (!keep) {
      await removeDirectory(directory);
      return undefined;
    }
    writeRecord(directory, task.record?.(report) ?? {});
    const kept = path.join(input.evidenceDirectory(), task.keptName());
    await moveDirectory(directory, kept);
    return kept;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    input.emit({
      type: 'warning',
      atMs: input.clock(),
      message: `cannot ${keep ? 'move' : 'remove'} '${directory}': ${why}`,
    });
    return directory;
  }
}

function writeRecord(directory: string, files: Readonly<Record<string, string>>): void {
  try {
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(path.join(directory, name), text, { mode: 0o600 });
    }
  } catch {
    // A full disk must not hide the outcome: the event is still sent.
  }
}
