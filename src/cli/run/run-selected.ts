/**
 * The way that all commands go which run tests and report them as one run: QEMUs are asked, tests
 * planned, and run.
 */
import type { Limits } from '../../model/demand.js';
import type { DroverEvent } from '../../model/events.js';
import type { MatrixPair } from '../../model/matrix-pair.js';
import type { DebugPlan } from '../../qemu/debug-tools.js';
import type { QemuBinary } from '../../qemu/binary.js';
import type { PlannedTest } from '../../schedule/attempts.js';
import type { WorkerPool } from '../../schedule/pool.js';
import { noTimings } from '../../schedule/timings.js';
import type { TestDefinition } from '../../suite/definition.js';
import type { Catalogue } from './catalogue.js';
import { CoverageListener } from './coverage-option.js';
import type { CoverageOption } from './coverage-option.js';
import type { Environment } from '../process/environment.js';
import { exitCodes } from '../process/exit-codes.js';
import { lines } from '../process/print.js';
import type { AttemptOptions, PairOptions } from '../options/options.js';
import { addHostFacts, planTests } from './planned-tests.js';
import { planPair } from './plan-pair.js';
import type { Planned } from './plan-pair.js';
import { Qemus } from './probed-qemus.js';
import type { Binaries } from './resolve-binaries.js';
import { checkReportOptions } from '../options/report-options.js';
import type { ReportOptions } from '../options/report-options.js';
import { limitsOfRun, withoutMisfits } from './run-limits.js';
import { runSession } from './run-session.js';
import type { Afterwards, SessionPolicy } from './run-session.js';
import { makeOutputDirectory, withWorkplace } from './run-workspace.js';
import type { Workplace } from './run-workspace.js';

export interface SelectedOptions
  extends PairOptions, AttemptOptions, ReportOptions, CoverageOption {
  readonly l?: boolean;
  readonly out?: string | undefined;
}

export interface SelectedRun {
  readonly options: SelectedOptions;
  readonly environment: Environment;
  readonly binaries: Binaries;
  /** of a chain */
  readonly route?: readonly QemuBinary[];
  readonly catalogue: Catalogue;
  readonly selected: readonly TestDefinition[];
  readonly debug?: DebugPlan;
  readonly policy?: SessionPolicy;
  /** gets all events too */
  readonly onEvent?: (event: DroverEvent) => void;
}

export async function runSelected(run: SelectedRun): Promise<number> {
  const { options, environment, binaries, selected, debug } = run;
  return await framed(run, async ({ place, onEvent }) => {
    const { probeDirectory, interruption } = place;
    const limits = limitsOfRun(
      debug === undefined ? options : { ...options, jobs: options.jobs ?? 1 },
      selected,
      binaries.source.arch,
    );
    // Threads take a while to start: let them, while the QEMUs are probed.
    const pool = options.l === true ? undefined : place.startPool(limits.slots);
    const qemus = new Qemus(environment, probeDirectory, interruption.signal, options.cache);
    return await runPlanned({ ...run, onEvent, limits, pool, qemus, place });
  });
}

export interface Frame {
  readonly place: Workplace;
  /** what the run has to give its events to */
  readonly onEvent: (event: DroverEvent) => void;
}

/** What is around every run: its folder, its reports, its coverage, its workplace. */
export async function framed(
  { options, environment, ...run }: Pick<SelectedRun, 'options' | 'environment' | 'onEvent'>,
  work: (frame: Frame) => Promise<number>,
): Promise<number> {
  if (options.out !== undefined) makeOutputDirectory(options.out);
  await checkReportOptions(options);
  const coverage = await CoverageListener.open(options, environment);
  return await withWorkplace(environment, async (place) => {
    const onEvent = (event: DroverEvent): void => {
      coverage?.onEvent(event);
      run.onEvent?.(event);
    };
    const exitCode = await work({ place, onEvent });
    return options.l === true ? exitCode : ((await coverage?.write(exitCode)) ?? exitCode);
  });
}

export interface PlannedRun extends SelectedRun {
  readonly limits: Limits;
  /** undefined: only list the tests */
  readonly pool: WorkerPool | undefined;
  readonly qemus: Qemus;
  readonly place: Workplace;
  readonly matrix?: MatrixPair;
  readonly afterwards?: Afterwards;
}

/** Probes the QEMUs, plans the tests and runs them. */
export async function runPlanned(run: PlannedRun): Promise<number> {
  return await runOnPlan(await planPair(run), run);
}

/** Plans the tests for QEMUs that were probed, and runs them. */
export async function runOnPlan(pair: Planned, run: PlannedRun): Promise<number> {
  const { selected, catalogue, policy = {}, limits, pool, qemus, place } = run;
  const { directory, probeDirectory, interruption } = place;
  const planned = await addHostFacts(pair, selected, {
    directory: probeDirectory,
    signal: interruption.signal,
    cache: qemus.cache,
  });
  const { timings = noTimings } = policy;
  const tests = withoutMisfits(planTests(selected, planned, catalogue, timings), limits);
  if (pool === undefined) {
    process.stdout.write(listing(tests));
    return exitCodes.passed;
  }
  const { plan } = planned;
  return await runSession({ ...run, plan, tests, policy, pool, directory, interruption });
}

export function listing(tests: readonly PlannedTest[]): string {
  return lines(
    tests.map(({ name, skip }) => `${name}${skip === undefined ? '' : `  # skip: ${skip}`}`),
  );
}
