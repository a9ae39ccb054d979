/** The messages between the main thread and a worker: plain data only. */
import type { MessagePort } from 'node:worker_threads';
import type { Phase, Side } from '../model/outcome.js';
import type { CertificateFiles, CertificateRequest } from '../credentials/certificates.js';
import type { PairPlan } from '../migration/plan.js';
import type { AttemptReport } from '../suite/attempt.js';
import type { BenchTask } from '../suite/bench.js';
import type { RoundReport, StressTask } from '../suite/stress.js';

export interface AttemptTask {
  /** path of the test, without the architecture */
  readonly path: string;
  /** the user's module that defines it; Drover's own list unless given */
  readonly file?: string;
  /** a stress run instead of a test with a path */
  readonly stress?: StressTask;
  /** one migration of a benchmark instead of a test with a path */
  readonly bench?: BenchTask;
  readonly plan: PairPlan;
  readonly directory: string;
  readonly timeoutMs: number;
  readonly rerun: string;
  /** progress to the main thread, cancellation from it */
  readonly port: MessagePort;
}

/** progress of an attempt */
export type Progress =
  | { readonly type: 'phase'; readonly phase: Phase }
  | { readonly type: 'note'; readonly message: string }
  | { readonly type: 'status'; readonly side: Side; readonly status: string }
  | RoundProgress;

export type RoundProgress =
  | { readonly type: 'round-started'; readonly round: number }
  /** to be answered by `next` */
  | { readonly type: 'round'; readonly report: RoundReport };

export type FromWorker =
  | Progress
  /** to be answered by `certificates` or `no-certificates` with the same id */
  | { readonly type: 'certificates'; readonly id: number; readonly request: CertificateRequest };

export type ToWorker =
  | { readonly type: 'cancel' }
  /** whether a stress run starts another round */
  | { readonly type: 'next'; readonly more: boolean }
  | { readonly type: 'certificates'; readonly id: number; readonly files: CertificateFiles }
  | { readonly type: 'no-certificates'; readonly id: number; readonly why: string };

export type { AttemptReport };
