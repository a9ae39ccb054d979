/**
 * How fast a guest runs on this host under an accelerator, by running one for a moment. A nested
 * KVM may emulate every instruction, which is slower than TCG.
 */
import type { Accelerator } from '../../model/arch.js';
import { literal, number, object } from 'valibot';
import type { GenericSchema } from 'valibot';
import { Cancelled } from '../../model/deadline.js';
import { toFailure } from '../../model/errors.js';
import { TestContext } from '../context.js';
import type { PairPlan } from '../plan.js';

/** an accelerator that needs longer for the guest's first two signs of life is of no use */
const limitMs = 10_000;
/** signs of life come about every 30 ms under TCG */
const windowMs = 300;

export interface RunningPace {
  readonly runs: true;
  readonly pagesPerSecond: number;
  readonly firstSignMs: number;
}

export type Pace = RunningPace | { readonly runs: false; readonly reason: string };

/** What is cached for the next run; a failure is not, since it may have been a passing one. */
export const runningPaceShape: GenericSchema<unknown, Pace> = object({
  runs: literal(true),
  pagesPerSecond: number(),
  firstSignMs: number(),
});

/**
 * Runs the source binary's guest under `accel` for a moment after its first sign of life. Throws
 * only `Cancelled`.
 */
export async function measurePace(
  plan: PairPlan,
  accel: Accelerator,
  directory: string,
  signal: AbortSignal,
): Promise<Pace> {
  await using context = new TestContext({
    plan: { ...plan, accel },
    directory,
    signal,
    observer: { phase: () => undefined, status: () => undefined },
  });
  const { platform } = context;
  try {
    const startMs = performance.now();
    const { serial } = await context.startMachine({
      side: 'source',
      memory: { kind: 'anon' },
      firmware: context.writeGuest(),
      tag: `-${accel}`,
    });
    await serial.waitForB({ timeoutMs: limitMs, signal });
    const firstMs = performance.now();
    const firstSigns = serial.signs;
    // Signs may come in bursts, so count them over some time, also of a slow guest.
    while (performance.now() - firstMs < windowMs || serial.signs === firstSigns) {
      await serial.waitForB({ timeoutMs: limitMs, signal, since: serial.length });
    }
    const seconds = (performance.now() - firstMs) / 1000;
    const passes = (serial.signs - firstSigns) * platform.passesPerB;
    const pages = (platform.range.end - platform.range.start) / platform.range.step;
    return {
      runs: true,
      pagesPerSecond: Math.round((pages * passes) / seconds),
      firstSignMs: firstMs - startMs,
    };
  } catch (error) {
    if (signal.aborted) throw new Cancelled();
    return { runs: false, reason: toFailure(error).message };
  }
}
