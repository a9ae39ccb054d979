/** What a run says of itself: in its first event, and in the record of each test that is kept. */
import type {
  EventOf,
  FleetMember,
  HostIdentity,
  QemuIdentity,
  Shard,
} from '../../model/events.js';
import type { MatrixPair } from '../../model/matrix-pair.js';
import { eventSchema } from '../../model/events.js';
import type { Limits } from '../../model/demand.js';
import { offeredBy } from '../../model/coverage.js';
import type { QemuFeatures } from '../../model/features.js';
import { allFeatures } from '../../migration/plan.js';
import type { PairPlan } from '../../migration/plan.js';
import { testRecordName, testRecordVersion } from '../../model/test-record.js';
import type { TestRecord } from '../../model/test-record.js';
import type { QemuBinary } from '../../qemu/binary.js';
import { rerunCommand } from '../../report/fold/rerun-line.js';
import type { Attempt, PlannedTest } from '../../schedule/attempts.js';
import type { AttemptReport } from '../../schedule/protocol.js';
import { testListDigest } from '../../schedule/shards.js';
import { hostIdentity } from '../process/host-capacity.js';
import { droverVersion } from '../process/version.js';

/** What the first event of every run has. */
export const runHead = (): Pick<
  EventOf<'run-started'>,
  'type' | 'schema' | 'atMs' | 'time' | 'drover' | 'host'
> => ({
  type: 'run-started',
  schema: eventSchema,
  atMs: 0,
  time: new Date().toISOString(),
  drover: droverVersion(),
  host: hostIdentity(),
});

export interface RunFactsOptions {
  /** as the user gave it, without tools around it */
  readonly plan: PairPlan;
  readonly tests: readonly PlannedTest[];
  readonly limits: Limits;
  readonly shard: Shard | undefined;
  readonly repeat: number;
  /** until a test does not pass */
  readonly isEndless: boolean;
  readonly retries: number;
  readonly timeoutMs: number;
  readonly matrix?: MatrixPair;
  readonly fleet?: readonly FleetMember[];
}

/** Where an attempt ran, if not on this host. */
export interface RanOn {
  readonly host?: HostIdentity;
  readonly commands: { readonly source: string; readonly destination: string };
}

export class RunFacts {
  readonly #input: RunFactsOptions;
  readonly #shared: Pick<
    EventOf<'run-started'>,
    | 'drover'
    | 'host'
    | 'source'
    | 'destination'
    | 'route'
    | 'machine'
    | 'accel'
    | 'arrival'
    | 'testFiles'
  >;

  constructor(input: RunFactsOptions) {
    this.#input = input;
    const { plan, tests } = input;
    const testFiles = Object.fromEntries(
      tests.flatMap(({ name, file }) => (file === undefined ? [] : [[name, file]])),
    ) as Record<string, string>;
    this.#shared = {
      drover: droverVersion(),
      host: hostIdentity(),
      source: identity(plan.source, plan.sourceFeatures),
      destination: identity(plan.destination, plan.destinationFeatures),
      route: plan.route?.map(({ binary, features }) => identity(binary, features)),
      machine: plan.machine,
      accel: plan.accel,
      arrival: plan.arrival,
      testFiles: Object.keys(testFiles).length === 0 ? undefined : testFiles,
    };
  }

  started(): EventOf<'run-started'> {
    const { plan, tests, limits, shard, retries, isEndless, matrix, fleet } = this.#input;
    const names = tests.map(({ name }) => name);
    const { slots, ...budget } = limits;
    return {
      ...runHead(),
      ...this.#shared,
      workers: slots,
      total: totalAttempts(tests, isEndless ? 1 : this.#input.repeat),
      endless: isEndless || undefined,
      tests: names,
      offered: [...new Set(allFeatures(plan).flatMap(offeredBy))],
      testList: testListDigest(shard?.allTests ?? names),
      shard,
      budget,
      fleet,
      retries: retries === 0 ? undefined : retries,
      slowness: plan.slowness,
      matrix,
    };
  }

  rerun(name: string): string {
    return rerunCommand(name, this.#shared);
  }

  /** Files beside the evidence of a test: what it was, whole in itself. */
  record(
    { test, attempt }: Attempt,
    { outcome, durationMs, phases }: AttemptReport,
    on?: RanOn,
  ): Record<string, string> {
    const { plan, timeoutMs } = this.#input;
    const { testFiles: _all, ...ours } = this.#shared;
    const shared =
      on === undefined
        ? ours
        : {
            ...ours,
            host: on.host ?? ours.host,
            source: { ...ours.source, command: on.commands.source },
            destination: { ...ours.destination, command: on.commands.destination },
          };
    const record: TestRecord = {
      version: testRecordVersion,
      test: test.name,
      attempt,
      time: new Date().toISOString(),
      ...shared,
      testFile: test.file,
      timeoutMs,
      slowness: plan.slowness,
      trace: plan.trace,
      qtestLog: plan.qtestLog,
      rerun: this.rerun(test.name),
      outcome,
      durationMs,
      phases,
    };
    return { [testRecordName]: `${JSON.stringify(record, null, 2)}\n` };
  }
}

export function identity(binary: QemuBinary, features: QemuFeatures): QemuIdentity {
  return {
    command: binary.command,
    version: features.version,
    package: features.package,
    arch: binary.arch,
    digest: features.digest,
  };
}

/** skipped tests are reported once, whatever the number of rounds */
function totalAttempts(tests: readonly PlannedTest[], repeat: number): number {
  const skipped = tests.filter(({ skip }) => skip !== undefined).length;
  return skipped + (tests.length - skipped) * repeat;
}
