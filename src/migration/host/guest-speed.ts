/**
 * How fast a guest really runs here under an accelerator, by running one for a moment. A KVM that is
 * there may still be a nested one that emulates every instruction, slower than TCG.
 */
import type { Accelerator } from '../../model/arch.js';
import { literal, number, object } from 'valibot';
import type { GenericSchema } from 'valibot';
import { Cancelled } from '../../model/deadline.js';
import { toFailure } from '../../model/errors.js';
import { TestContext } from '../context.js';
import type { PairPlan } from '../plan.js';

/** longer than any accelerator worth having needs for its first and second sign of life */
const limitMs = 10_000;
/** signs of life come about every 30 ms under TCG */
const windowMs = 300;

export interface RunningPace {
  readonly runs: true;
  readonly pagesPerSecond: number;
  readonly firstSignMs: number;
}

export type Pace = RunningPace | { readonly runs: false; readonly reason: string };

/** What is worth keeping for the next run: that a guest did not run may have had its reason in the moment. */
export const runningPaceShape: GenericSchema<unknown, Pace> = object({
  runs: literal(true),
  pagesPerSecond: number(),
  firstSignMs: number(),
});

/** Runs the source binary's guest under `accel` for a moment after its first sign of life. Throws only `Cancelled`. */
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
    // Signs may come in bursts: count them over a while, however slow the guest is.
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
