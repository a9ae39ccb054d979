/** What every pair of a run shares. Plain data: it is sent to workers. */
import type { Accelerator, Arch } from '../model/arch.js';
import type { QemuFeatures } from '../model/features.js';
import type { HostFacts } from '../model/host-facts.js';
import { endlessMs } from '../model/deadline.js';
import type { QemuBinary } from '../qemu/binary.js';
import type { DebugPlan } from '../qemu/debug-tools.js';

/** One QEMU that a guest comes by. */
export interface Station {
  readonly binary: QemuBinary;
  readonly features: QemuFeatures;
}

export interface PairPlan {
  readonly arch: Arch;
  readonly source: QemuBinary;
  readonly destination: QemuBinary;
  readonly sourceFeatures: QemuFeatures;
  readonly destinationFeatures: QemuFeatures;
  /** where a guest that is moved several times comes by, first and last included; unless given, there and back */
  readonly route?: readonly Station[];
  /** what the selected tests need to know of the host */
  readonly host: HostFacts;
  /** versioned machine type that both know */
  readonly machine: string;
  readonly accel: Accelerator;
  /** `-trace` patterns for every QEMU */
  readonly trace?: string;
  /** log qtest traffic into the evidence instead of nowhere */
  readonly qtestLog: boolean;
  /** how many times slower than deadlines are made for a guest runs here; at least 1 */
  readonly slowness: number;
  /** somebody looks at a QEMU: no wait ends before that */
  readonly debug?: DebugPlan;
  /** the environment QEMUs get */
  readonly env: Readonly<Record<string, string>>;
}

/** what each QEMU of the plan can do */
export function allFeatures(plan: PairPlan): readonly QemuFeatures[] {
  return (
    plan.route?.map(({ features }) => features) ?? [plan.sourceFeatures, plan.destinationFeatures]
  );
}

/** Where a guest that is moved several times comes by. */
export function routeOf(plan: PairPlan): readonly Station[] {
  const source = { binary: plan.source, features: plan.sourceFeatures };
  const destination = { binary: plan.destination, features: plan.destinationFeatures };
  return plan.route ?? [source, destination, source];
}

/**
 * How long each kind of wait may take on a host of usual speed, milliseconds. Generous: they are for QEMUs that
 * hang. The test's own deadline comes on top.
 */
export interface Patience {
  readonly launchMs: number;
  readonly serialMs: number;
  readonly statusMs: number;
  readonly eventMs: number;
  readonly memoryMs: number;
  readonly exitMs: number;
  /** until QEMU looks for dirty pages again */
  readonly syncMs: number;
}

export const patience: Patience = {
  launchMs: 30_000,
  serialMs: 60_000,
  statusMs: 120_000,
  eventMs: 60_000,
  memoryMs: 60_000,
  exitMs: 30_000,
  syncMs: 25_000,
};

/** a guest that stamps fewer pages in a second gets more time; 16 rounds of its memory */
const usualPagesPerSecond = 400_000;
/** what takes longer than this many deadlines does not run, whatever it is */
const mostSlowness = 20;

export function slownessOf(pagesPerSecond: number): number {
  return Math.min(mostSlowness, Math.max(1, usualPagesPerSecond / pagesPerSecond));
}

/** Deadlines for a run: stretched where guests run slowly, none where somebody looks at a QEMU. */
export function patienceFor({ slowness, debug }: Pick<PairPlan, 'slowness' | 'debug'>): Patience {
  if (debug !== undefined) return endlessPatience;
  const stretch = (ms: number): number => Math.round(ms * slowness);
  return {
    launchMs: stretch(patience.launchMs),
    serialMs: stretch(patience.serialMs),
    statusMs: stretch(patience.statusMs),
    eventMs: stretch(patience.eventMs),
    memoryMs: stretch(patience.memoryMs),
    exitMs: stretch(patience.exitMs),
    syncMs: stretch(patience.syncMs),
  };
}

/** for a QEMU that a person holds in a debugger, or that a tool slows down by far */
export const endlessPatience: Patience = {
  launchMs: endlessMs,
  serialMs: endlessMs,
  statusMs: endlessMs,
  eventMs: endlessMs,
  memoryMs: endlessMs,
  exitMs: endlessMs,
  syncMs: endlessMs,
};
