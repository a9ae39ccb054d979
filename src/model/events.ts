/**
 * The one event union. Reporters read it and nothing else; the JSON-lines event log is these
 * objects, one per line. Adding an optional field keeps `schema`; anything else raises it.
 */
import type { Accelerator } from './arch.js';
import type { ArrivalMode } from './arrival.js';
import type { CoverageItem } from './coverage.js';
import type { MatrixPair } from './matrix-pair.js';
import type { OwnUse, RoundFigures, StressRun } from './stress.js';
import type { Failure, Outcome, OutcomeKind, Phase, PhaseTiming, Side } from './outcome.js';

export const eventSchema = 2;

export interface QemuIdentity {
  /** what the user gave, a shell command prefix */
  readonly command: string;
  /** such as `10.0.8`, with the distribution's suffix in `package` */
  readonly version: string;
  readonly package: string;
  readonly arch: string;
  /** SHA-256 of the program itself, where it could be read: two builds of one version differ in it */
  readonly digest?: string;
}

export interface HostIdentity {
  readonly hostname: string;
  readonly kernel: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly node: string;
}

/** Which part of the tests a run takes, and of which whole. */
export interface Shard {
  /** from 1 */
  readonly index: number;
  readonly total: number;
  /** `durations` of earlier runs, or only the `count` of tests */
  readonly by: 'durations' | 'count';
  /** names of the whole: of all shards together */
  readonly allTests: readonly string[];
}

/** One run that went into a merged log. */
export interface MergedRun {
  /** its shard; 1 of 1 where it was whole */
  readonly index: number;
  readonly total: number;
  /** the folder it was read from, as it was given */
  readonly from: string;
  readonly time: string;
  readonly host: HostIdentity;
  readonly workers: number;
  readonly durationMs: number;
  /** absent if the run ended without run-finished */
  readonly exitCode?: number;
}

/** Of a merged log: its runs, and what is missing in it. */
export interface Merged {
  readonly runs: readonly MergedRun[];
  /** shards that are not there: the results are not whole */
  readonly missingShards: readonly number[];
  /** tests of which there is no result */
  readonly missingTests: readonly string[];
  /** errors that --allow-missing made remarks, one sentence each */
  readonly remarks: readonly string[];
}

/** A host that a run over a fleet began with. */
export interface FleetMember extends HostIdentity {
  readonly name: string;
  /** attempts at the same time, at most */
  readonly slots: number;
}

/** What a run may take of the host at once. */
export interface Budget {
  /** sum of the weights of all QEMUs, in cores; absent where `-j` said how many tests at once */
  readonly cpu?: number;
  readonly memoryBytes: number;
  /** in /dev/shm */
  readonly sharedMemoryBytes: number;
}

interface Stamped {
  /** milliseconds since the run started; in a merged log, since the run that it comes from started */
  readonly atMs: number;
  /** in a merged log: the shard it comes from */
  readonly fromShard?: number;
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
  /** of a chain: all QEMUs that run the guest, in order; the first and the last are source and destination */
  readonly route?: readonly QemuIdentity[];
  readonly machine: string;
  readonly accel: Accelerator;
  /** when both sides are compared; absent: where both stand still anyway */
  readonly arrival?: ArrivalMode | undefined;
  /** 0 in a pair of a matrix that did not start: why is in `run-finished`, unless it was cancelled before its turn */
  readonly workers: number;
  /** every test of the run with `--repeat` spread out: one entry per attempt to come */
  readonly total: number;
  /** it goes on until a test does not pass: `total` is of the first round */
  readonly endless?: boolean;
  readonly tests: readonly string[];
  /** migration features that the QEMUs have, such as `capability multifd` and `transport unix` */
  readonly offered?: readonly CoverageItem[];
  /** SHA-256 of the sorted names of the whole list, of all shards together */
  readonly testList?: string;
  /** absent where the run is whole */
  readonly shard?: Shard;
  /** in a merged log */
  readonly merged?: Merged;
  /** absent unless `drover matrix` made the run */
  readonly matrix?: MatrixPair | undefined;
  readonly budget?: Budget;
  /** of a run over a fleet */
  readonly fleet?: readonly FleetMember[];
  /** how many times a test that did not pass is retried */
  readonly retries?: number;
  /** factor of all deadlines, above 1 on a slow host */
  readonly slowness?: number;
  /** attempts are rounds of a stress run */
  readonly stress?: StressRun;
  /** of the user's own tests (`--tests`): absolute path of the module that defines each */
  readonly testFiles?: Readonly<Record<string, string>>;
}

/** One attempt of one test: `attempt` counts from 1, through `--repeat` and `--retries`. */
interface OfTest extends Stamped {
  /** full path, such as /x86_64/migration/precopy/unix/plain */
  readonly test: string;
  readonly attempt: number;
}

export interface TestStarted extends OfTest {
  readonly type: 'test-started';
  /** place of the attempt among those that run at the same time, from 0: for timelines */
  readonly slot?: number;
  /** expected duration */
  readonly expectedMs?: number;
}

/** A known failure, which does not fail the run until its last day. */
export interface Quarantined {
  readonly owner: string;
  readonly reason: string;
  /** the last day, such as 2027-03-31 */
  readonly expires: string;
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

/** A QEMU that the attempt started; its evidence files begin with `name`. */
export interface MachineSpan {
  /** `source`, `destination`, `destination2` */
  readonly name: string;
  readonly side: Side;
  /** milliseconds since the attempt began; times in the QMP transcript count from here */
  readonly startMs: number;
}

/** An event of QEMU, as it was read. */
export interface QmpEventSeen {
  /** milliseconds since the attempt began */
  readonly ms: number;
  /** index into `machines` */
  readonly machine: number;
  readonly name: string;
  /** of MIGRATION the status, of MIGRATION_PASS the number of the pass that begins */
  readonly value?: string | number;
}

/** QMP events of both sides during an attempt, in the order of time. */
export interface AttemptTimeline {
  readonly machines: readonly MachineSpan[];
  readonly events: readonly QmpEventSeen[];
  /** how many events are left out, where there were very many */
  readonly leftOut?: number;
}

export interface TestFinished extends OfTest {
  readonly type: 'test-finished';
  /** of the run's `offered`: what a test switched on, and QEMU accepted */
  readonly exercised?: readonly CoverageItem[];
  /**
   * of a test that passed: the values of the factors of `drover generate` that its first migration
   * had, without usual ones; of a factor that had none of its values, `?` and its name
   */
  readonly combination?: readonly string[];
  readonly outcome: Outcome;
  readonly durationMs: number;
  readonly phases: readonly PhaseTiming[];
  /** folder with the evidence, where it was kept; in a log on disk relative to the log's folder if it lies below */
  readonly directory?: string;
  readonly slot?: number;
  /** the test is retried after this attempt, which therefore decides nothing and is not counted */
  readonly willRetry?: boolean;
  /** number of the retry, from 1; a retry that passed is flaky */
  readonly retry?: number;
  readonly quarantined?: Quarantined;
  /** most memory that its QEMUs used together, of their own and their part of what is shared, of the samples taken */
  readonly memoryBytes?: number;
  /** of a round of a stress run that passed */
  readonly round?: RoundFigures & { readonly drover: OwnUse };
  /** absent where no QEMU was started */
  readonly timeline?: AttemptTimeline;
  /** in a run over a fleet: the agent that ran it */
  readonly host?: string;
}

/** Something the user should know that is no test's outcome, such as a test directory that could not be kept. */
export interface Warning extends Stamped {
  readonly type: 'warning';
  readonly message: string;
}

/** What the run reserved, and what was measured. */
export interface MemoryUse {
  readonly budgetBytes: number;
  /** most that tests reserved at the same time */
  readonly promisedBytes: number;
  /**
   * most that all QEMUs used together, of their own and their part of what is shared, of the
   * samples taken; absent where it cannot be measured
   */
  readonly usedBytes?: number;
}

export interface RunFinished extends Stamped {
  readonly type: 'run-finished';
  /** of the attempts that decide: not of retried attempts, nor of quarantined failures */
  readonly counts: Readonly<Record<OutcomeKind, number>>;
  /** passed on a retry; counted as passed too */
  readonly flaky?: number;
  /** did not pass, and are known failures */
  readonly quarantined?: number;
  /** attempts that were retried */
  readonly retried?: number;
  /** durations of all attempts, one after another */
  readonly sumMs?: number;
  readonly memory?: MemoryUse;
  /** why not all tests were run */
  readonly stopped?: 'max-failures' | 'until-failure';
  /** from start to end; in a merged log the longest of its runs, which go on at the same time */
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
