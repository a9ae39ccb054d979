/**
 * Runs the migrations of a benchmark one after another, and keeps what each measured, also when it
 * is cancelled.
 */
import type { PairPlan } from '../migration/plan.js';
import { endlessMs } from '../model/deadline.js';
import { startTask } from '../schedule/attempts.js';
import type { AttemptsSetup, Ended } from '../schedule/attempts.js';
import type { BenchTask } from '../suite/bench.js';
import { pageBytes } from './bench-spec.js';
import { comparePairs } from './compare.js';
import type { Sample, SampleFailure, ScenarioResult } from './document.js';
import { isNarrow } from './narrow.js';
import { orderOf } from './order.js';
import type { Design, Label, Turn } from './order.js';
import type { Scenario } from './scenario.js';

/** A scenario that is ready to run, or why it cannot. */
export interface PlannedScenario {
  readonly scenario: Scenario;
  readonly skipped?: string | undefined;
  readonly sides: Readonly<Record<Label, PlannedSide>>;
}

export interface PlannedSide {
  readonly plan: PairPlan;
  readonly task: BenchTask;
}

export interface BenchRequest extends Pick<
  AttemptsSetup,
  'pool' | 'directory' | 'evidenceDirectory'
> {
  readonly scenarios: readonly PlannedScenario[];
  readonly design: Design;
  /** the least change that matters */
  readonly threshold: number;
  readonly signal: AbortSignal;
  readonly warn: (message: string) => void;
  /** the command that runs the benchmark again, kept as evidence */
  readonly rerun: string;
  /** hears of what is measured so far, after each scenario but the last */
  readonly onScenario: (results: readonly ScenarioResult[]) => Promise<void>;
  /** hears of each migration at its end, warm-ups included */
  readonly onTurn: (scenario: Scenario, turn: Turn, ended: Ended) => void;
}

/** deadline of one migration and all around it, on a host of usual speed */
const usualTimeoutMs = 120_000;
/** how often the guest may write its whole working set in that time */
const usualPasses = 20;
/** after this number of failures a scenario says nothing more */
const mostFailures = 3;

export async function runBench(input: BenchRequest): Promise<ScenarioResult[]> {
  const measured: Omit<ScenarioResult, 'comparisons'>[] = [];
  for (const [index, planned] of input.scenarios.entries()) {
    const { scenario, skipped, sides } = planned;
    const { machine } = sides.A.plan;
    const accel = scenario.machine.accel ?? sides.A.plan.accel;
    const { samples, isWhole } =
      skipped === undefined
        ? await samplesOf(input, planned, index)
        : { samples: [], isWhole: true };
    const isPartial = !isWhole;
    measured.push({ scenario, skipped, machine, accel, isPartial, samples });
    if (measured.length < input.scenarios.length) {
      await input.onScenario(compared(measured, input.threshold));
    }
  }
  return compared(measured, input.threshold);
}

function compared(
  measured: readonly Omit<ScenarioResult, 'comparisons'>[],
  threshold: number,
): ScenarioResult[] {
  const comparisons = comparePairs(
    measured.map(({ samples }) => samples),
    threshold,
  );
  return measured.map((each, index) => ({ ...each, comparisons: comparisons[index] ?? [] }));
}

interface Measurement {
  readonly samples: readonly Sample[];
  /** all pairs of the design, or as many as a narrow interval takes */
  readonly isWhole: boolean;
}

async function samplesOf(
  input: BenchRequest,
  { scenario, sides }: PlannedScenario,
  index: number,
): Promise<Measurement> {
  const samples: Sample[] = [];
  const { design } = input;
  const turns = orderOf(design, scenario.name);
  let wanted = design.labels.length * design.pairs;
  for (const [turn, { label, pair }] of turns.entries()) {
    const isNewPair = pair !== turns[turn - 1]?.pair;
    if (isNewPair && isNarrow(samples, design, pair - 1)) {
      wanted = design.labels.length * (pair - 1);
      break;
    }
    const failures = samples.filter(({ failure }) => failure !== undefined).length;
    if (input.signal.aborted || failures >= mostFailures) break;
    const ended = await migrateOnce(input, sides[label], `bench-${index}-${turn}`);
    // the migration that was cancelled says nothing
    if (ended.outcome.kind === 'cancelled') break;
    input.onTurn(scenario, { label, pair }, ended);
    const failure = failureOf(ended);
    if (failure !== undefined) samples.push({ label, pair, failure });
    else if (pair > 0) {
      const { measured, course: timeline } = ended;
      samples.push({ label, pair, measured, timeline });
    }
  }
  const good = samples.filter(({ failure }) => failure === undefined).length;
  return { samples, isWhole: good >= wanted };
}

async function migrateOnce(
  { pool, directory, evidenceDirectory, signal, warn, rerun }: BenchRequest,
  { plan, task }: PlannedSide,
  name: string,
): Promise<Ended> {
  const path = `/bench/${task.spec.transport.name}`;
  const startedAtMs = performance.now();
  const started = startTask(
    {
      ...{ plan, pool, directory, evidenceDirectory },
      keep: false,
      timeoutMs: timeoutOf(plan, task),
      rerun: () => rerun,
      emit: (event) => {
        if (event.type === 'warning') warn(event.message);
      },
      clock: () => performance.now() - startedAtMs,
    },
    {
      of: { test: `/${plan.arch}${path}`, attempt: 1 },
      task: { path, bench: task },
      directoryName: name,
      keptName: () => name,
    },
  );
  signal.addEventListener('abort', started.cancel, { once: true });
  if (signal.aborted) started.cancel();
  const ended = await started.ended;
  signal.removeEventListener('abort', started.cancel);
  return ended;
}

/** Deadline of one migration and all around it. */
export function timeoutOf(
  { slowness }: Pick<PairPlan, 'slowness'>,
  { spec, guest }: BenchTask,
): number {
  const { ramBytes = 0, pages = ramBytes / pageBytes, pacePagesPerSecond } = guest;
  const passMs = pacePagesPerSecond === undefined ? 0 : (1000 * pages) / pacePagesPerSecond;
  const ms = (usualTimeoutMs + usualPasses * passMs) * slowness + spec.patienceMs;
  return Math.min(endlessMs, Math.ceil(ms));
}

function failureOf({ outcome, directory }: Ended): SampleFailure | undefined {
  if (outcome.kind !== 'failed' && outcome.kind !== 'broken') return undefined;
  const { code, message } = outcome.failure;
  return { kind: outcome.kind, code, message, directory };
}
