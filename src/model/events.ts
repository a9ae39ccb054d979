/**
 * The one event union. Reporters read it and nothing else; the JSON-lines event log is these
 * objects, one per line. Adding an optional field keeps `schema`; anything else raises it.
 */
import type { Failure, Outcome, OutcomeKind, Phase, PhaseTiming, Side } from './outcome.js';

export const eventSchema = 1;

export interface QemuIdentity {
  /** what the user gave, a shell command prefix */
  readonly command: string;
  /** such as `10.0.8`, with the distribution's suffix in `package` */
  readonly version: string;
  readonly package: string;
  readonly arch: string;
}

export interface HostIdentity {
  readonly hostname: string;
  readonly kernel: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly node: string;
}

interface Stamped {
  /** milliseconds since the run started */
  readonly atMs: number;
}

export interface RunStarted extends Stamped {
  readonly type: 'run-started';
  readonly schema: typeof eventSchema;
  /** ISO 8601, UTC */
  readonly time: string;
  readonly drover: string;
  readonly host: HostIdentity;
  readonly source: QemuIdentity;
  readonly destination: QemuIdentity;
  readonly machine: string;
  readonly accel: 'tcg' | 'kvm';
  readonly workers: number;
  /** every test of the run with `--repeat` spread out: one entry per attempt to come */
  readonly total: number;
  readonly tests: readonly string[];
  /** of the user's own tests (`--tests`): absolute path of the module that defines each */
  readonly testFiles?: Readonly<Record<string, string>>;
}

/** One attempt of one test: `attempt` counts from 1 (`--repeat`). */
interface OfTest extends Stamped {
  /** full path, such as /x86_64/migration/precopy/unix/plain */
  readonly test: string;
  readonly attempt: number;
}

export interface TestStarted extends OfTest {
  readonly type: 'test-started';
}

export interface PhaseStarted extends OfTest {
  readonly type: 'phase-started';
  readonly phase: Phase;
}

/** A MIGRATION event of QEMU. */
export interface MigrationStatusSeen extends OfTest {
  readonly type: 'migration-status';
  readonly side: Side;
  readonly status: string;
}

export interface TestFinished extends OfTest {
  readonly type: 'test-finished';
  readonly outcome: Outcome;
  readonly durationMs: number;
  readonly phases: readonly PhaseTiming[];
  /** folder with the evidence, where it was kept */
  readonly directory?: string;
}

/** Something the user should know that is no test's outcome, such as a test directory that could not be kept. */
export interface Warning extends Stamped {
  readonly type: 'warning';
  readonly message: string;
}

export interface RunFinished extends Stamped {
  readonly type: 'run-finished';
  readonly counts: Readonly<Record<OutcomeKind, number>>;
  readonly durationMs: number;
  readonly exitCode: number;
  /** why the run could not be carried out, where it broke as a whole */
  readonly failure?: Failure;
}

export type DroverEvent =
  | RunStarted
  | TestStarted
  | PhaseStarted
  | MigrationStatusSeen
  | TestFinished
  | Warning
  | RunFinished;

export type EventOf<T extends DroverEvent['type']> = Extract<DroverEvent, { type: T }>;
