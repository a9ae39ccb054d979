/**
 * Whether KVM's dirty ring works on this host, by using it. Where KVM emulates instructions (inside
 * some virtual machines), the ring can overflow between two reads of it: QEMU measures the guest's
 * rate once, and then the guest writes no more. So the probe checks both.
 */
import { nullable, object, string } from 'valibot';
import type { GenericSchema } from 'valibot';
import type { Side } from '../../model/outcome.js';
import { bootId } from '../../qemu/boot-id.js';
import { ProbeCache } from '../../qemu/probe-cache.js';
import { Cancelled } from '../../model/deadline.js';
import { HarnessError, toFailure } from '../../model/errors.js';
import type { Machine } from '../../qemu/machine.js';
import { kvmObstacle } from './accelerator.js';
import { TestContext } from '../context.js';
import { dirtyRing, measureDirtyRate } from './dirty-rate.js';
import type { PairPlan } from '../plan.js';

/** a guest's first pass over its memory, also under a slow KVM */
const firstWriteMs = 10_000;
/** a guest that still runs rewrites every page many times meanwhile */
const nextWriteMs = 2000;

const how = `with -accel ${dirtyRing.accel},${dirtyRing.accelOptions}`;

/** the result of a trial: cached, since it takes seconds */
interface Trial {
  /** null: it works */
  readonly obstacle: string | null;
}
const trialShape: GenericSchema<unknown, Trial> = object({ obstacle: nullable(string()) });

/** For every probe of the host that a run makes. */
export interface HostProbeOptions {
  /** the plan of the run, without facts about the host yet */
  readonly plan: PairPlan;
  /** private, on the file system that tests use */
  readonly directory: string;
  readonly signal: AbortSignal;
  /** results of earlier runs since the host was started; default: no cache */
  readonly cache?: ProbeCache;
}

/**
 * Why the dirty ring cannot be used with either QEMU; undefined when it can. Throws only
 * `Cancelled`.
 */
export async function dirtyRingObstacle(input: HostProbeOptions): Promise<string | undefined> {
  const { plan } = input;
  const same = plan.source.command === plan.destination.command;
  const sides: readonly Side[] = same ? ['source'] : ['source', 'destination'];
  for (const side of sides) {
    const features = side === 'source' ? plan.sourceFeatures : plan.destinationFeatures;
    const obstacle = (await kvmObstacle(features)) ?? (await triedOrKept(input, side));
    if (obstacle !== undefined) {
      return `no dirty ring of KVM that works with QEMU ${features.version}: ${obstacle}`;
    }
  }
  return undefined;
}

/** A failure to start is not cached: it may work the next time. */
async function triedOrKept(input: HostProbeOptions, side: Side): Promise<string | undefined> {
  const { plan, signal } = input;
  const cache = input.cache ?? new ProbeCache(undefined);
  const wanted = {
    kind: 'dirty-ring',
    binary: side === 'source' ? plan.source : plan.destination,
    extra: `${plan.machine} ${bootId()}`,
    shape: trialShape,
  };
  try {
    const { obstacle } = await cache.get(wanted, async () => await useDirtyRing(input, side));
    return obstacle ?? undefined;
  } catch (error) {
    if (signal.aborted) throw new Cancelled();
    const last = error instanceof HarnessError ? error.input.details?.at(-1) : undefined;
    return `${how} ${toFailure(error).message}${last === undefined ? '' : `: ${last}`}`;
  }
}

async function useDirtyRing(
  { plan, directory, signal }: HostProbeOptions,
  side: Side,
): Promise<Trial> {
  await using context = new TestContext({
    plan,
    directory,
    signal,
    observer: { phase: () => undefined, status: () => undefined },
  });
  const machine = await context.startMachine({
    side,
    memory: { kind: 'anon' },
    firmware: context.writeGuest(dirtyRing),
    ...dirtyRing,
    tag: '-dirty-ring',
  });
  if (!(await writes(context, machine, firstWriteMs))) {
    return { obstacle: `${how} the guest wrote nothing within ${firstWriteMs / 1000} s` };
  }
  const rate = await measureDirtyRate(machine, signal);
  const measured = `${how} calc-dirty-rate in mode dirty-ring measured ${rate} MB/s`;
  if (rate === 0) return { obstacle: measured };
  if (await writes(context, machine, nextWriteMs)) return { obstacle: null };
  return {
    obstacle: `${measured}, and then the guest wrote nothing for ${nextWriteMs / 1000} s`,
  };
}

/** whether the first page that the guest stamps changes in time */
async function writes(
  { platform, signal }: TestContext,
  machine: Machine,
  timeoutMs: number,
): Promise<boolean> {
  const { start } = platform.range;
  const ram = await machine.ram(platform.range, signal);
  const options = { address: start, width: 1, until: 'advances', value: 1n, signal } as const;
  return (await ram.watch({ ...options, timeoutMs })).met;
}
