/**
 * What a benchmark measures beside QEMU's own figures: begins before the migration and ends a
 * moment after it. `drover bench --no-probes` goes without.
 */
import { both } from '../../model/both.js';
import { pause } from '../../model/deadline.js';
import type { GuestSpeed, Measured, Timeline } from '../../model/measured.js';
import type { Side } from '../../model/outcome.js';
import type { WriteRecord } from '../../native/ram-addon.js';
import { QmpCommandError } from '../../qmp/client.js';
import type { QmpEvent } from '../../qmp/events.js';
import { setCapability } from '../commands.js';
import type { TestMachine } from '../context.js';
import type { Migration } from '../migration.js';
import { Course } from './course.js';
import type { DevicePulses } from './device-pulses.js';
import { readDowntimeParts, traceDowntime } from './downtime-parts.js';
import { binsOf, brownoutOf, speedBetween, standstill } from './guest-course.js';
import { GuestWatch } from './guest-watch.js';
import type { StressFlow } from './transports.js';
import { expectationOf, faultsOf, marksOf, progressOf } from './timeline.js';

/** the guest's full speed is that of this time before the migration */
const beforeMs = 500;
/** whether it is back at its speed shows in this time after the migration */
const afterMs = 400;
const binMs = 10;

/** When a migration did what, in milliseconds since 1970. */
export interface Moments {
  /** the total time began */
  readonly startedMs: number;
  /** both sides have completed, and the guest runs */
  readonly endedMs: number;
  /** event STOP of the source, event RESUME of the destination */
  readonly stopMs?: number | undefined;
  readonly resumeMs?: number | undefined;
}

export type UsedMs = Readonly<Record<Side, number | undefined>>;

export interface Probed {
  readonly figures: Partial<Measured>;
  readonly timeline: Timeline;
}

/** who migrates, and what shows when the guest writes to a device */
export interface ProbedMachines {
  readonly from: TestMachine;
  readonly to: TestMachine;
  readonly pulses: DevicePulses | undefined;
}

const blocktime = 'postcopy-blocktime';

export class Probes implements AsyncDisposable {
  #baseline: { readonly fromMs: number; readonly toMs: number } = { fromMs: 0, toMs: 0 };

  #course: Course | undefined;

  private constructor(
    private readonly probed: ProbedMachines,
    private readonly watch: GuestWatch | undefined,
  ) {}

  /** Begins, and sees how fast the guest writes before it migrates. */
  static async start(probed: ProbedMachines, flow: StressFlow): Promise<Probes> {
    const { from, to } = probed;
    const watch = GuestWatch.start(from, to);
    const probes = new Probes(probed, watch);
    try {
      if (flow === 'postcopy') await countFaults(to);
      await both(traceDowntime(from), traceDowntime(to));
      const fromMs = Date.now();
      if (watch !== undefined) await pause(beforeMs, from.context.signal);
      probes.#baseline = { fromMs, toMs: Date.now() };
      return probes;
    } catch (error) {
      await probes[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The total time begins: follows its course. */
  follow(migration: Migration): void {
    this.#course = new Course(migration);
  }

  /** @param used processor time of both QEMUs in the total time */
  async finish(migration: Migration, moments: Moments, used: UsedMs): Promise<Probed> {
    await this.#course?.[Symbol.asyncDispose]();
    const processor = this.#course?.processor(used) ?? [];
    const { pair, since } = migration;
    const eventsOf = (side: Side): readonly QmpEvent[] =>
      pair[side].qmp.events.all.slice(since[side]);
    const marks = marksOf(
      { source: eventsOf('source'), destination: eventsOf('destination') },
      moments.startedMs,
    );
    const answers = this.#course?.answers ?? [];
    const { from, to } = this.probed;
    const { faultLatency, figures } = faultsOf(await to.qmp.execute('query-migrate'));
    const { watch } = this;
    const isWatched = watch !== undefined || this.probed.pulses !== undefined;
    if (isWatched) await pause(afterMs, from.context.signal);
    const guest = watch === undefined ? undefined : this.#guest(await watch.stop(), moments);
    return {
      figures: {
        ...figures,
        ...expectationOf(answers, moments.stopMs),
        ...guest?.figures,
        ...this.#device(moments),
      },
      timeline: {
        marks,
        progress: progressOf(answers, moments.startedMs),
        guestSpeed: guest?.guestSpeed,
        processor,
        downtimeParts: readDowntimeParts(migration.pair),
        faultLatency,
      },
    };
  }

  #device({ stopMs, resumeMs }: Moments): Measured {
    if (stopMs === undefined || resumeMs === undefined) return {};
    const gap = this.probed.pulses?.gap(stopMs, resumeMs);
    return { deviceDowntimeMs: gap?.ms, deviceDowntimeErrorMs: gap?.errorMs };
  }

  #guest(
    { beats, pages }: WriteRecord,
    moments: Moments,
  ): { figures: Measured; guestSpeed: GuestSpeed | undefined } | undefined {
    const { startedMs, endedMs, stopMs, resumeMs } = moments;
    if (stopMs === undefined || resumeMs === undefined) return undefined;
    const still = standstill(beats, stopMs, resumeMs);
    const fullSpeed = speedBetween(pages, this.#baseline.fromMs, this.#baseline.toMs);
    const brownout =
      fullSpeed === undefined
        ? undefined
        : brownoutOf(pages, fullSpeed, { fromMs: startedMs, toMs: endedMs, resumeMs });
    return {
      figures: {
        guestDowntimeMs: still?.ms,
        guestDowntimeErrorMs: still?.resolutionMs,
        guestLostMs: brownout?.lostMs,
        guestRecoveryMs: brownout?.recoveryMs,
      },
      guestSpeed: binsOf(pages, binMs, startedMs),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#course?.[Symbol.asyncDispose]();
    await this.watch?.[Symbol.asyncDispose]();
  }
}

/** Where QEMU can: it refuses on a kernel that does not say which thread faulted. */
async function countFaults(to: TestMachine): Promise<void> {
  const { destinationFeatures } = to.context.plan;
  if (!destinationFeatures.capabilities.includes(blocktime)) return;
  try {
    await setCapability(to, blocktime);
  } catch (error) {
    if (!(error instanceof QmpCommandError)) throw error;
  }
}
