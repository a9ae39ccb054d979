/** What every pair of a run shares. Plain data: it is sent to workers. */
import type { Accelerator, Arch } from '../model/arch.js';
import type { QemuFeatures } from '../model/features.js';
import type { HostFacts } from '../model/host-facts.js';
import type { QemuBinary } from '../qemu/binary.js';
import type { DebugPlan } from '../qemu/debug-tools.js';

/** One QEMU of a chain. */
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
  /** the QEMUs of a chain in order; default: from the source to the destination and back */
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

type Sides = 'arch' | 'source' | 'destination' | 'sourceFeatures' | 'destinationFeatures';

interface PlanInput
  extends Partial<Omit<PairPlan, Sides | 'machine' | 'env'>>, Pick<PairPlan, 'machine' | 'env'> {
  readonly source: Station;
  /** default: the source's QEMU */
  readonly destination?: Station;
}

/** A plan; what is not given: TCG at the usual speed, nothing known of the host. */
export function makePlan({ source, destination = source, ...given }: PlanInput): PairPlan {
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

/** what each QEMU of the plan can do */
export function allFeatures(plan: PairPlan): readonly QemuFeatures[] {
  return (
    plan.route?.map(({ features }) => features) ?? [plan.sourceFeatures, plan.destinationFeatures]
  );
}

/** The QEMUs of a chain, in order. */
export function routeOf(plan: PairPlan): readonly Station[] {
  const source = { binary: plan.source, features: plan.sourceFeatures };
  const destination = { binary: plan.destination, features: plan.destinationFeatures };
  return plan.route ?? [source, destination, source];
}
