/** The run itself, once everything is decided: reporters, events, tests, and the exit code. */
import path from 'node:path';
import { endlessMs } from '../model/deadline.js';
import { offeredBy } from '../model/coverage.js';
import { eventSchema } from '../model/events.js';
import type { DroverEvent, QemuIdentity } from '../model/events.js';
import { toFailure } from '../model/errors.js';
import type { QemuFeatures } from '../model/features.js';
import type { Failure } from '../model/outcome.js';
import { allFeatures } from '../migration/plan.js';
import type { PairPlan } from '../migration/plan.js';
import type { QemuBinary } from '../qemu/binary.js';
import { underTool } from '../qemu/debug-tools.js';
import type { DebugPlan } from '../qemu/debug-tools.js';
import { createEvidenceDirectory } from '../qemu/work-directory.js';
import { rerunCommand } from '../report/rerun.js';
import type { WorkerPool } from '../schedule/pool.js';
import { runTests } from '../schedule/run.js';
import type { Counts, PlannedTest } from '../schedule/run.js';
import { toolOutputs } from './debug-option.js';
import type { Environment } from './environment.js';
import { exitCodeOf, exitCodes } from './exit-codes.js';
import { hostIdentity } from './host.js';
import type { AttemptOptions } from './options.js';
import { closeReports, openReports } from './report-options.js';
import type { ReportOptions } from './report-options.js';
import type { Interruption } from './signals.js';
import { droverVersion } from './version.js';

export interface SessionOptions extends Omit<AttemptOptions, 'jobs'>, ReportOptions {
  readonly out?: string;
}

export interface SessionInput {
  readonly options: SessionOptions;
  readonly environment: Environment;
  readonly plan: PairPlan;
  readonly debug?: DebugPlan | undefined;
  readonly tests: readonly PlannedTest[];
  readonly jobs: number;
  readonly pool: WorkerPool;
  readonly directory: string;
  readonly interruption: Interruption;
  /** gets all events too */
  readonly onEvent?: (event: DroverEvent) => void;
}

export async function runSession(input: SessionInput): Promise<number> {
  const { options, plan, tests, jobs, pool, directory, interruption, debug } = input;
  const { signal } = interruption;
  const reporters = await openReports(options, input.environment, options.out);
  const startMs = performance.now();
  const clock = (): number => performance.now() - startMs;
  const emit = (event: DroverEvent): void => {
    reporters.onEvent(event);
    input.onEvent?.(event);
    for (const file of debug === undefined ? [] : toolOutputs(event, debug)) {
      reporters.onEvent({ type: 'warning', atMs: event.atMs, message: `${debug?.tool}: ${file}` });
    }
  };
  // the live console owns the terminal from here on, to the end of the run
  const { tell } = interruption;
  interruption.tell = (message) => {
    emit({ type: 'warning', atMs: clock(), message });
  };
  const identities = {
    source: identity(plan.source, plan.sourceFeatures),
    destination: identity(plan.destination, plan.destinationFeatures),
    ...(plan.route === undefined
      ? {}
      : { route: plan.route.map(({ binary, features }) => identity(binary, features)) }),
  };
  const testFiles = Object.fromEntries(
    tests.flatMap(({ name, file }) => (file === undefined ? [] : [[name, file]])),
  ) as Record<string, string>;
  const told = Object.keys(testFiles).length === 0 ? {} : { testFiles };
  emit({
    type: 'run-started',
    schema: eventSchema,
    atMs: 0,
    time: new Date().toISOString(),
    drover: droverVersion(),
    host: hostIdentity(),
    ...identities,
    machine: plan.machine,
    accel: plan.accel,
    workers: jobs,
    total: totalAttempts(tests, options.repeat),
    tests: tests.map(({ name }) => name),
    offered: [...new Set(allFeatures(plan).flatMap(offeredBy))],
    ...told,
  });
  let counts: Counts = { passed: 0, failed: 0, broken: 0, skipped: 0, cancelled: 0 };
  let failure: Failure | undefined;
  try {
    counts = await runTests({
      tests,
      repeat: options.repeat,
      plan: debug === undefined ? plan : underDebugger(plan, debug),
      jobs,
      pool,
      directory,
      keep: options.keep === true || debug !== undefined,
      evidenceDirectory: evidencePlace(input),
      timeoutMs: debug === undefined ? deadlineMs(options.timeout, plan.slowness) : endlessMs,
      rerun: (name) =>
        rerunCommand(name, { ...identities, machine: plan.machine, accel: plan.accel, ...told }),
      emit,
      clock,
      signal,
    });
  } catch (error) {
    failure = toFailure(error);
  }
  const exitCode = failure === undefined ? exitCodeOf(counts, signal.aborted) : exitCodes.broken;
  emit({
    type: 'run-finished',
    atMs: clock(),
    counts,
    durationMs: clock(),
    exitCode,
    ...(failure === undefined ? {} : { failure }),
  });
  interruption.tell = tell;
  return await closeReports(reporters, exitCode);
}

/** What the tests run with; what is told of the run stays as the user gave it. */
function underDebugger(plan: PairPlan, debug: DebugPlan): PairPlan {
  const source = underTool(plan.source, 'source', debug);
  const destination = underTool(plan.destination, 'destination', debug);
  return { ...plan, source, destination, debug };
}

/** `--out`, or a folder that is made when the first evidence comes */
function evidencePlace({ options, environment }: SessionInput): () => string {
  let place = options.out === undefined ? undefined : path.resolve(options.out);
  return () => (place ??= createEvidenceDirectory(environment.temporaryDirectory));
}

/** skipped tests are told once, whatever the number of rounds */
function totalAttempts(tests: readonly PlannedTest[], repeat: number): number {
  const skipped = tests.filter(({ skip }) => skip !== undefined).length;
  return skipped + (tests.length - skipped) * repeat;
}

export function identity(binary: QemuBinary, features: QemuFeatures): QemuIdentity {
  return {
    command: binary.command,
    version: features.version,
    package: features.package,
    arch: binary.arch,
  };
}

const usualTimeoutMs = 120_000;

/** What the user says holds; where nothing is said, slow guests get more time. */
function deadlineMs(seconds: number | undefined, slowness: number): number {
  return seconds === undefined ? Math.round(usualTimeoutMs * slowness) : seconds * 1000;
}
