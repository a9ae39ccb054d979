/** A stress run, once everything is decided: its first event, its rounds, its exit code. */
import type { GuestShape } from '../../guest/shape.js';
import type { PairPlan } from '../../migration/plan.js';
import type { StressSpec } from '../../migration/stress/spec.js';
import type { WorkerPool } from '../../schedule/pool.js';
import { runStress } from '../../schedule/stress-run.js';
import { stressPath } from '../../suite/stress.js';
import type { Environment } from '../process/environment.js';
import type { Interruption } from '../process/signals.js';
import { reportedRun } from '../run/reported-run.js';
import { identity, runHead } from '../run/run-facts.js';
import type { StressOptions } from './stress-options.js';

export interface StressRequest {
  readonly options: StressOptions;
  readonly environment: Environment;
  readonly plan: PairPlan;
  readonly spec: StressSpec;
  readonly guest: GuestShape;
  /** undefined: as many as `options.duration` lasts */
  readonly rounds: number | undefined;
  readonly rerun: string;
  readonly pool: WorkerPool;
  readonly directory: string;
  readonly interruption: Interruption;
}

export async function stressSession(input: StressRequest): Promise<number> {
  const { options, environment, interruption, plan, spec, guest, rounds, rerun } = input;
  const path = stressPath(spec);
  const name = `/${plan.arch}${path}`;
  const lastsMs = options.duration;
  return await reportedRun({
    options,
    environment,
    interruption,
    started: {
      ...runHead(),
      source: identity(plan.source, plan.sourceFeatures),
      destination: identity(plan.destination, plan.destinationFeatures),
      machine: plan.machine,
      accel: plan.accel,
      workers: 1,
      total: rounds ?? 0,
      tests: [name],
      stress: { rerun, lastsMs },
    },
    work: async (run) =>
      await runStress({
        ...run,
        path,
        name,
        plan,
        stress: { spec, guest },
        rerun,
        pool: input.pool,
        directory: input.directory,
        keep: options.keep === true,
        keepGoing: options.keepGoing === true,
        isMore: (round) => (rounds === undefined ? run.clock() < (lastsMs ?? 0) : round < rounds),
        signal: interruption.signal,
      }),
  });
}
