/** The run itself, once everything is decided: reporters, events, tests, and the exit code. */
import { endlessMs } from '../../model/deadline.js';
import type { Limits } from '../../model/demand.js';
import type { DroverEvent, FleetMember, Quarantined, Shard } from '../../model/events.js';
import type { MatrixPair } from '../../model/matrix-pair.js';
import type { Outcome } from '../../model/outcome.js';
import type { PairPlan } from '../../migration/plan.js';
import { underTool } from '../../qemu/debug-tools.js';
import type { DebugPlan } from '../../qemu/debug-tools.js';
import type { PlannedTest } from '../../schedule/attempts.js';
import type { WorkerPool } from '../../schedule/pool.js';
import type { Policy } from '../../schedule/policy.js';
import { runTests, sumOf } from '../../schedule/run.js';
import type { AttemptsElsewhere, RunRequest, RunTotals } from '../../schedule/run.js';
import { tryOut } from '../../schedule/try-out.js';
import { noTimings } from '../../schedule/timings.js';
import type { Timings } from '../../schedule/timings.js';
import { toolOutputs } from './debug-option.js';
import type { Environment } from '../process/environment.js';
import { mostRounds } from '../options/options.js';
import type { AttemptOptions, PolicyOptions } from '../options/options.js';
import type { ReportOptions } from '../options/report-options.js';
import { reportedRun } from './reported-run.js';
import type { Totals } from './reported-run.js';
import { RunFacts } from './run-facts.js';
import type { Interruption } from '../process/signals.js';
import { TimingsKeeper, timingsFiles } from './timings-keeper.js';

/** of a test, on a host of usual speed */
export const usualTimeoutMs = 120_000;

export interface SessionOptions extends Omit<AttemptOptions, 'jobs'>, ReportOptions {
  readonly out?: string | undefined;
}

/** What is not given has its default: no retries, no quarantine, every test is run. */
export interface SessionPolicy extends Partial<Omit<PolicyOptions, 'quarantine' | 'timings'>> {
  readonly quarantine?: ReadonlyMap<string, Quarantined>;
  readonly shard?: Shard;
  /** of earlier runs */
  readonly timings?: Timings;
  /** files to write them to */
  readonly timingsFile?: string;
}

export interface SessionRequest {
  readonly options: SessionOptions;
  readonly environment: Environment;
  readonly plan: PairPlan;
  readonly debug?: DebugPlan;
  readonly tests: readonly PlannedTest[];
  readonly limits: Limits;
  readonly policy: SessionPolicy;
  /** absent where the tests run elsewhere */
  readonly pool?: WorkerPool;
  readonly directory: string;
  readonly interruption: Interruption;
  /** runs the tests on other hosts, of which at most `inFlight` are there at once */
  readonly elsewhere?: (run: ElsewhereRun) => Promise<Totals>;
  readonly inFlight?: Limits;
  /** the hosts of such a run */
  readonly fleet?: readonly FleetMember[];
  /** gets all events too */
  readonly onEvent?: ((event: DroverEvent) => void) | undefined;
  readonly matrix?: MatrixPair;
  /** what follows the tests, as part of the run */
  readonly afterwards?: Afterwards | undefined;
}

/** What is decided for the tests of a session that run elsewhere. */
export interface ElsewhereRun extends Omit<AttemptsElsewhere, 'start'> {
  readonly keep: boolean;
  readonly evidenceDirectory: () => string;
  readonly rerun: (name: string) => string;
  readonly record: RunFacts['record'];
}

export async function runSession(input: SessionRequest): Promise<number> {
  const { options, policy, plan, limits, debug } = input;
  const keeper = new TimingsKeeper();
  const { retries = 0, shard } = policy;
  // --repeat limits it
  const isEndless = policy.untilFailure === true && options.repeat === 1;
  const repeat = isEndless ? mostRounds : options.repeat;
  // a slow guest gets more time, unless the user says how much
  const usualMs = Math.round(usualTimeoutMs * plan.slowness);
  const timeoutMs = debug === undefined ? (options.timeout ?? usualMs) : endlessMs;
  const facts = new RunFacts({ ...input, shard, repeat, retries, isEndless, timeoutMs });
  return await reportedRun({
    options,
    environment: input.environment,
    interruption: input.interruption,
    started: facts.started(),
    flakyFails: policy.flakyFails === true,
    onEvent: (event, emit) => {
      keeper.onEvent(event);
      input.onEvent?.(event);
      for (const file of debug === undefined ? [] : toolOutputs(event, debug)) {
        emit({ type: 'warning', atMs: event.atMs, message: `output of ${debug?.tool}: ${file}` });
      }
    },
    work: async ({ emit, clock, evidenceDirectory }) => {
      const { pool, elsewhere, directory } = input;
      const run: ElsewhereRun = {
        tests: input.tests,
        repeat,
        limits: input.inFlight ?? limits,
        policy: policyOf(policy),
        keep: options.keep === true || debug !== undefined,
        evidenceDirectory,
        rerun: (name) => facts.rerun(name),
        record: (attempt, ended, on) => facts.record(attempt, ended, on),
        emit,
        clock,
        signal: input.interruption.signal,
      };
      try {
        if (elsewhere !== undefined) return await elsewhere(run);
        if (pool === undefined) throw new Error('tests of this host need worker threads');
        const under = debug === undefined ? plan : underDebugger(plan, debug);
        const request: RunRequest = { ...run, plan: under, pool, directory, timeoutMs };
        const totals = await runTests(request);
        const isOver = input.afterwards === undefined || run.signal.aborted;
        return isOver ? totals : await more(request, totals, input.afterwards);
      } finally {
        await keepTimings(input, keeper, emit, clock);
      }
    },
  });
}

/** Tests that follow from how others ended. */
export interface More {
  readonly plan: PairPlan;
  readonly signal: AbortSignal;
  /** Runs tests as part of the run. */
  readonly run: (tests: readonly PlannedTest[]) => Promise<void>;
  /** Runs a test that no report has, and keeps nothing of it. */
  readonly tryOut: (test: PlannedTest) => Promise<Outcome>;
  /** into all reports */
  readonly warn: (message: string) => void;
  readonly rerun: (name: string) => string;
}
export type Afterwards = (more: More) => Promise<void>;

async function more(
  request: RunRequest,
  first: RunTotals,
  afterwards: Afterwards,
): Promise<RunTotals> {
  const { plan, signal, emit, clock, rerun, directory } = request;
  let totals = first;
  let tries = 0;
  await afterwards({
    ...{ plan, signal, rerun },
    run: async (tests) => {
      totals = sumOf(totals, await runTests({ ...request, tests, repeat: 1 }));
    },
    tryOut: async (test) =>
      await tryOut({ ...request, evidenceDirectory: () => directory }, test, ++tries),
    warn: (message) => {
      emit({ type: 'warning', atMs: clock(), message });
    },
  });
  return totals;
}

function policyOf(given: SessionPolicy): Policy {
  const { retries = 0, maxFailures, untilFailure = false, quarantine = new Map() } = given;
  return {
    retries,
    untilFailure,
    flakyFails: given.flakyFails === true,
    quarantine,
    maxFailures,
  };
}

async function keepTimings(
  { options: { out }, policy }: SessionRequest,
  keeper: TimingsKeeper,
  emit: (event: DroverEvent) => void,
  clock: () => number,
): Promise<void> {
  const { timings = noTimings, timingsFile, shard } = policy;
  const files = timingsFiles({ out, timings: timingsFile, isShard: shard !== undefined });
  for (const message of await keeper.write(timings, files)) {
    emit({ type: 'warning', atMs: clock(), message });
  }
}

/** What the tests run with; events show the user's own commands. */
function underDebugger(plan: PairPlan, debug: DebugPlan): PairPlan {
  const source = underTool(plan.source, 'source', debug);
  const destination = underTool(plan.destination, 'destination', debug);
  return { ...plan, source, destination, debug };
}
