/**
 * The results of a benchmark as one JSON document; docs/reference/bench.schema.json is made from
 * `BenchDocument`.
 */
import type { Accelerator } from '../model/arch.js';
import type { HostIdentity, QemuIdentity } from '../model/events.js';
import type { Measured, Timeline } from '../model/measured.js';
import type { FigureKey } from './figures.js';
import type { HostState } from './host-state.js';
import type { Label } from './order.js';
import type { Parameters } from '../suite/scenario-input.js';
import type { Scenario } from './scenario.js';
import type { BenchVerdict } from './verdict.js';

/** raised when a member goes or changes its meaning */
export const benchVersion = 1;

export interface BenchSide {
  readonly label: Label;
  readonly qemu: QemuIdentity;
  /** migration parameters of this side only */
  readonly parameters: Parameters;
}

export interface SampleFailure {
  /** `failed`: QEMU or the guest broke the contract; `broken`: the host or Drover did */
  readonly kind: 'failed' | 'broken';
  /** as in the outcome of a test */
  readonly code: string;
  readonly message: string;
  /** the folder with the evidence */
  readonly directory?: string | undefined;
}

/** One migration between two new QEMUs: what it measured, or why that does not count. */
export interface Sample {
  readonly label: Label;
  /** from 1; 0: a warm-up that failed */
  readonly pair: number;
  readonly measured?: Measured | undefined;
  readonly timeline?: Timeline | undefined;
  readonly failure?: SampleFailure | undefined;
}

/** B against A in one figure. */
export interface Comparison {
  readonly figure: FigureKey;
  /** pairs; without pairs, samples of the smaller group */
  readonly samples: number;
  /** 0.1: B has 10 % more than A */
  readonly change: number;
  /** ends of the interval of the change; absent with too few samples */
  readonly low?: number | undefined;
  readonly high?: number | undefined;
  /** two-sided, adjusted by Holm's method for all comparisons of the document */
  readonly p: number;
  readonly verdict: BenchVerdict;
  /** of `not-enough-data`: about this number would do; absent if more than 200 */
  readonly samplesNeeded?: number | undefined;
}

export interface ScenarioResult {
  readonly scenario: Scenario;
  /** why it did not run */
  readonly skipped?: string | undefined;
  readonly machine: string;
  readonly accel: Accelerator;
  /** not all pairs were measured */
  readonly isPartial: boolean;
  /** in the order in which they ran, without warm-ups that passed */
  readonly samples: readonly Sample[];
  readonly comparisons: readonly Comparison[];
}

export interface BenchDocument {
  readonly version: typeof benchVersion;
  readonly drover: string;
  /** ISO 8601, UTC, of the start */
  readonly time: string;
  readonly host: HostIdentity;
  readonly hostState: HostState;
  /** of the host's state */
  readonly warnings: readonly string[];
  /** the order of A and B follows from it */
  readonly seed: number;
  /** with `untilWidth`: at most */
  readonly pairs: number;
  /**
   * a scenario has enough pairs once the interval of its total time is no wider, such as 0.05;
   * absent if the number of pairs was fixed
   */
  readonly untilWidth?: number | undefined;
  /** the command that measures the same again; older documents lack it */
  readonly rerun?: string | undefined;
  /** the least change that matters, such as 0.05 */
  readonly threshold: number;
  /** of all intervals and verdicts, such as 0.95 */
  readonly confidence: number;
  /** A and B are the same on purpose (--aa) */
  readonly isSelfTest: boolean;
  /** cancelled, or a scenario is partial */
  readonly isPartial: boolean;
  /** it was cancelled, or still runs: scenarios may be missing; absent if it is over */
  readonly isUnfinished?: boolean | undefined;
  /** one, or two that are compared */
  readonly sides: readonly BenchSide[];
  readonly scenarios: readonly ScenarioResult[];
}

export const confidence = 0.95;
