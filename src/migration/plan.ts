/** What all pairs of a run share. Plain data, for the workers. */
import { guestPlatform } from '../guest/platforms.js';
import { isArch } from '../model/arch.js';
import type { Accelerator, Arch } from '../model/arch.js';
import type { ArrivalMode } from '../model/arrival.js';
import type { QemuFeatures } from '../model/features.js';
import type { HostFacts } from '../model/host-facts.js';
import type { QemuBinary } from '../qemu/binary.js';
import type { DebugPlan } from '../qemu/debug-tools.js';

/** A QEMU and what it can do. */
export interface ProbedQemu<Target extends string = Arch> {
  readonly binary: QemuBinary<Target>;
  readonly features: QemuFeatures;
}

export interface PairPlan<Target extends string = Arch> {
  readonly arch: Target;
  readonly source: QemuBinary<Target>;
  readonly destination: QemuBinary<Target>;
  readonly sourceFeatures: QemuFeatures;
  readonly destinationFeatures: QemuFeatures;
  /** the QEMUs of a chain in order; default: from the source to the destination and back */
  readonly route?: readonly ProbedQemu<Target>[];
  /** the facts about the host that the selected tests need */
  readonly host: HostFacts;
  /** versioned machine type that both know */
  readonly machine: string;
  readonly accel: Accelerator;
  /** when both sides are compared; default: where both stand still anyway */
  readonly arrival?: ArrivalMode;
  /** `-trace` patterns for every QEMU */
  readonly trace?: string;
  /** write a log of qtest traffic into the evidence */
  readonly qtestLog: boolean;
  /** factor for all deadlines on a host where guests run slowly; at least 1 */
  readonly slowness: number;
  /** a QEMU runs under a debugger or tracer: waits have no deadline */
  readonly debug?: DebugPlan;
  /** the environment QEMUs get */
  readonly env: Readonly<Record<string, string>>;
}

type Sides = 'arch' | 'source' | 'destination' | 'sourceFeatures' | 'destinationFeatures';

interface PlanOptions<Target extends string>
  extends
    Partial<Omit<PairPlan<Target>, Sides | 'machine' | 'env'>>,
    Pick<PairPlan, 'machine' | 'env'> {
  readonly source: ProbedQemu<Target>;
  /** default: the source's QEMU */
  readonly destination?: ProbedQemu<Target>;
}

/** A plan. Defaults: TCG at the usual speed, no facts about the host. */
export function makePlan<Target extends string = Arch>({
  source,
  destination = source,
  ...given
}: PlanOptions<Target>): PairPlan<Target> {
  return {
    host: {},
    accel: 'tcg',
    slowness: 1,
    qtestLog: false,
    ...given,
    arch: source.binary.arch,
    source: source.binary,
    destination: destination.binary,
    sourceFeatures: source.features,
    destinationFeatures: destination.features,
  };
}

/** the features of each QEMU of the plan */
export function allFeatures(plan: PairPlan<string>): readonly QemuFeatures[] {
  return (
    plan.route?.map(({ features }) => features) ?? [plan.sourceFeatures, plan.destinationFeatures]
  );
}

/**
 * Before 8.1 QEMU seems to reset no TLB when it synchronises, so that a guest which a busy host
 * delays can lose writes after any synchronisation. A guest that flushes before each pass goes to
 * no page twice between two flushes. So QEMU can miss only writes to the page that the guest is
 * stamping at that moment.
 */
export function missesWrites(plan: PairPlan<string>): boolean {
  const has81 = ({ capabilities }: QemuFeatures): boolean =>
    capabilities.includes('switchover-ack');
  return (
    plan.accel === 'tcg' &&
    isArch(plan.arch) &&
    guestPlatform(plan.arch).flushes &&
    !allFeatures(plan).every(has81)
  );
}

/** The QEMUs of a chain, in order. */
export function routeOf<Target extends string>(
  plan: PairPlan<Target>,
): readonly ProbedQemu<Target>[] {
  const source = { binary: plan.source, features: plan.sourceFeatures };
  const destination = { binary: plan.destination, features: plan.destinationFeatures };
  return plan.route ?? [source, destination, source];
}
