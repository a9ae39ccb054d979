/**
 * A run as events, from the first to the last: opens the reporters, reports signals, decides the
 * exit code.
 */
import path from 'node:path';
import type { DroverEvent, EventOf } from '../../model/events.js';
import { toFailure } from '../../model/errors.js';
import type { Failure } from '../../model/outcome.js';
import { createEvidenceDirectory } from '../../qemu/work-directory.js';
import type { RunTotals } from '../../schedule/run.js';
import { closeReports, openReports } from '../options/report-options.js';
import type { ReportOptions } from '../options/report-options.js';
import type { Environment } from '../process/environment.js';
import { exitCodeOf, exitCodes } from '../process/exit-codes.js';
import type { Interruption } from '../process/signals.js';

export type Totals = Pick<RunTotals, 'counts'> & Partial<RunTotals>;

export interface ReportedRun {
  readonly options: ReportOptions & { readonly out?: string | undefined };
  readonly environment: Environment;
  readonly interruption: Interruption;
  readonly started: EventOf<'run-started'>;
  /** a flaky test fails the run */
  readonly flakyFails?: boolean;
  /** gets all events too; may add some */
  readonly onEvent?: (event: DroverEvent, emit: (event: DroverEvent) => void) => void;
  readonly work: (run: RunUnderWay) => Promise<Totals>;
}

export interface RunUnderWay {
  readonly emit: (event: DroverEvent) => void;
  /** milliseconds since the run started */
  readonly clock: () => number;
  /** `--out`, or a folder that is made when the first evidence comes */
  readonly evidenceDirectory: () => string;
}

/** @returns the exit code */
export async function reportedRun(input: ReportedRun): Promise<number> {
  const { options, environment, interruption, started } = input;
  const reporters = await openReports(options, environment, options.out);
  const startMs = performance.now();
  const clock = (): number => performance.now() - startMs;
  const emit = (event: DroverEvent): void => {
    reporters.onEvent(event);
    input.onEvent?.(event, emit);
  };
  let place = options.out === undefined ? undefined : path.resolve(options.out);
  const evidenceDirectory = (): string =>
    (place ??= createEvidenceDirectory(environment.temporaryDirectory));
  // the live console owns the terminal from here on, to the end of the run
  const { tell } = interruption;
  interruption.tell = (message) => {
    emit({ type: 'warning', atMs: clock(), message });
  };
  emit(started);
  let totals: Totals = { counts: { passed: 0, failed: 0, broken: 0, skipped: 0, cancelled: 0 } };
  let failure: Failure | undefined;
  try {
    totals = await input.work({ emit, clock, evidenceDirectory });
  } catch (error) {
    failure = toFailure(error);
  }
  const flaky = input.flakyFails === true ? (totals.flaky ?? 0) : 0;
  const exitCode =
    failure === undefined
      ? exitCodeOf(totals.counts, interruption.signal.aborted, flaky)
      : exitCodes.broken;
  emit({
    type: 'run-finished',
    atMs: clock(),
    ...totals,
    durationMs: clock(),
    exitCode,
    failure,
  });
  interruption.tell = tell;
  return await closeReports(reporters, exitCode);
}
