/**
 * What a benchmark measures beside QEMU's own figures: begins before the migration and ends a
 * moment after it. `drover bench --no-probes` goes without.
 */
import type { Measured, Timeline } from '../../model/measured.js';
import { pause } from '../../model/deadline.js';
import type { WriteRecord } from '../../native/ram-addon.js';
import type { TestMachine } from '../context.js';
import { binsOf, brownoutOf, speedBetween, standstill } from './guest-course.js';
import { GuestWatch } from './guest-watch.js';

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

export interface Probed {
  readonly figures: Partial<Measured>;
  readonly timeline: Partial<Timeline>;
}

export class Probes implements AsyncDisposable {
  #baseline: { readonly fromMs: number; readonly toMs: number } = { fromMs: 0, toMs: 0 };

  private constructor(
    private readonly from: TestMachine,
    private readonly watch: GuestWatch | undefined,
  ) {}

  /** Begins, and sees how fast the guest writes before it migrates. */
  static async start(from: TestMachine, to: TestMachine): Promise<Probes> {
    const watch = GuestWatch.start(from, to);
    const probes = new Probes(from, watch);
    try {
      const fromMs = Date.now();
      if (watch !== undefined) await pause(beforeMs, from.context.signal);
      probes.#baseline = { fromMs, toMs: Date.now() };
      return probes;
    } catch (error) {
      await probes[Symbol.asyncDispose]();
      throw error;
    }
  }

  async finish(moments: Moments): Promise<Probed> {
    if (this.watch === undefined) return { figures: {}, timeline: {} };
    await pause(afterMs, this.from.context.signal);
    return this.#guest(await this.watch.stop(), moments);
  }

  #guest({ beats, pages }: WriteRecord, moments: Moments): Probed {
    const { startedMs, endedMs, stopMs, resumeMs } = moments;
    if (stopMs === undefined || resumeMs === undefined) return { figures: {}, timeline: {} };
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
      timeline: { guestSpeed: binsOf(pages, binMs, startedMs) },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.watch?.[Symbol.asyncDispose]();
  }
}
