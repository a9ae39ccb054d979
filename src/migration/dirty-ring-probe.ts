/**
 * Whether KVM's dirty ring works here, by using it: that KVM offers one says little. Where it emulates
 * instructions (inside some virtual machines), the ring can overflow between two looks at it: the guest's
 * rate is measured once, and then the guest writes no more. So both are looked at.
 */
import type { Side } from '../model/outcome.js';
import { Cancelled } from '../model/deadline.js';
import { HarnessError, toFailure } from '../model/errors.js';
import type { Machine } from '../qemu/machine.js';
import { kvmObstacle } from './accelerator.js';
import { TestContext } from './context.js';
import { dirtyRing, measureDirtyRate } from './dirty-rate.js';
import type { PairPlan } from './plan.js';

/** a guest's first round over its memory, under a slow KVM too */
const firstWriteMs = 10_000;
/** a guest that still runs rewrites every page many times meanwhile */
const nextWriteMs = 2000;

/** Why the dirty ring cannot be used with either QEMU; undefined when it can. Throws only `Cancelled`. */
export async function dirtyRingObstacle(
  plan: PairPlan,
  directory: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const same = plan.source.command === plan.destination.command;
  const sides: readonly Side[] = same ? ['source'] : ['source', 'destination'];
  for (const side of sides) {
    const features = side === 'source' ? plan.sourceFeatures : plan.destinationFeatures;
    const obstacle =
      (await kvmObstacle(features)) ?? (await useDirtyRing(plan, side, directory, signal));
    if (obstacle !== undefined) {
      return `no dirty ring of KVM that works with QEMU ${features.version}: ${obstacle}`;
    }
  }
  return undefined;
}

async function useDirtyRing(
  plan: PairPlan,
  side: Side,
  directory: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  await using context = new TestContext({
    plan,
    directory,
    signal,
    observer: { phase: () => undefined, status: () => undefined },
  });
  const how = `with -accel ${dirtyRing.accel},${dirtyRing.accelOptions}`;
  try {
    const machine = await context.startMachine({
      side,
      memory: { kind: 'anon' },
      firmware: context.writeGuest(),
      ...dirtyRing,
      tag: '-dirty-ring',
    });
    if (!(await writes(context, machine, firstWriteMs))) {
      return `${how} the guest wrote nothing within ${firstWriteMs / 1000} s`;
    }
    const rate = await measureDirtyRate(machine, signal);
    if (rate === 0) return `${how} calc-dirty-rate in mode dirty-ring measured 0 MB/s`;
    if (await writes(context, machine, nextWriteMs)) return undefined;
    return `${how} calc-dirty-rate in mode dirty-ring measured ${rate} MB/s, and then the guest wrote nothing for ${nextWriteMs / 1000} s`;
  } catch (error) {
    if (signal.aborted) throw new Cancelled();
    const last = error instanceof HarnessError ? error.input.details?.at(-1) : undefined;
    return `${how} ${toFailure(error).message}${last === undefined ? '' : `: ${last}`}`;
  }
}

/** whether the first page that the guest stamps changes in time */
async function writes(
  { platform, signal }: TestContext,
  machine: Machine,
  timeoutMs: number,
): Promise<boolean> {
  const { start } = platform.range;
  const ram = await machine.ram(platform.range, signal);
  const [now] = await ram.readBytes(start, 1);
  const options = { address: start, width: 1, until: 'differs', timeoutMs, signal } as const;
  return (await ram.watch({ ...options, value: BigInt(now ?? 0) })).met;
}
