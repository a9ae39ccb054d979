/**
 * The plan of a pair: the machine type that all its QEMUs know, and the accelerator that runs the
 * guest fastest.
 */
import { platforms } from '../../model/arch.js';
import type { Accelerator } from '../../model/arch.js';
import { HarnessError, usageError } from '../../model/errors.js';
import { chooseMachine } from '../../model/machine-type.js';
import { slownessOf } from '../../migration/deadlines.js';
import { kvmObstacle, requireAccelerator } from '../../migration/host/accelerator.js';
import { allFeatures, makePlan } from '../../migration/plan.js';
import type { PairPlan, ProbedQemu } from '../../migration/plan.js';
import type { QemuBinary } from '../../qemu/binary.js';
import type { PairOptions } from '../options/options.js';
import type { Environment } from '../process/environment.js';
import type { Qemus } from './probed-qemus.js';
import type { Binaries } from './resolve-binaries.js';

export interface PlanRequest {
  readonly binaries: Binaries;
  /** of a chain: all QEMUs that run the guest, source and destination first and last */
  readonly route?: readonly QemuBinary[];
  readonly options: PairOptions;
  readonly environment: Environment;
  readonly qemus: Qemus;
  /** the tests run on other hosts: whether they have an accelerator, they say */
  readonly isElsewhere?: boolean;
}

export type Planned =
  | { readonly kind: 'ready'; readonly plan: PairPlan }
  /** this QEMU lacks the platform: every test is skipped for this reason */
  | { readonly kind: 'absent'; readonly plan: PairPlan; readonly reason: string };

export async function planPair(input: PlanRequest): Promise<Planned> {
  const { binaries, options, environment, qemus } = input;
  const { source, destination } = binaries;
  const alias = platforms[source.arch].machineAlias;
  const wanted = options.machine ?? environment.machine;
  if (wanted === 'none') {
    const from = options.machine === undefined ? 'QTEST_QEMU_MACHINE_TYPE' : '--machine';
    throw usageError(
      'no-machine',
      `machine type none has no memory and no serial port, which Drover's guest needs: give another ${from}, such as ${alias}`,
    );
  }
  const [sourceFeatures, destinationFeatures] = await qemus.bothFeatures(binaries);
  const route = input.route === undefined ? undefined : await probed(input.route, qemus);
  const choice = chooseMachine(
    { alias, wanted },
    ...(route?.map(({ features }) => features) ?? [sourceFeatures, destinationFeatures]),
  );
  const draft = makePlan({
    source: { binary: source, features: sourceFeatures },
    destination: { binary: destination, features: destinationFeatures },
    route,
    arrival: options.arrival,
    machine: choice.kind === 'chosen' ? choice.machine : 'none',
    trace: environment.trace,
    qtestLog: environment.qtestLog,
    env: environment.forQemu,
  });
  if (choice.kind === 'absent') return { kind: 'absent', plan: draft, reason: choice.reason };
  const accel = options.accel === 'auto' ? await fasterAccelerator(draft, qemus) : options.accel;
  if (options.accel !== 'auto' && input.isElsewhere !== true) await requireUsable(accel, draft);
  return { kind: 'ready', plan: await withSlowness({ ...draft, accel }, qemus) };
}

async function probed(route: readonly QemuBinary[], qemus: Qemus): Promise<ProbedQemu[]> {
  const found: ProbedQemu[] = [];
  for (const binary of route) found.push({ binary, features: await qemus.features(binary) });
  return found;
}

/** If the guest does not run at all, the tests report it. */
async function withSlowness(plan: PairPlan, qemus: Qemus): Promise<PairPlan> {
  const pace = await qemus.pace(plan, plan.accel);
  return pace.runs ? { ...plan, slowness: slownessOf(pace.pagesPerSecond) } : plan;
}

async function requireUsable(accel: Accelerator, plan: PairPlan): Promise<void> {
  for (const features of allFeatures(plan)) {
    requireAccelerator(accel, features);
    const obstacle = accel === 'kvm' ? await kvmObstacle(features) : undefined;
    if (obstacle === undefined) continue;
    throw new HarnessError({
      code: 'kvm-unavailable',
      blame: 'host',
      message: `--accel kvm: ${obstacle}; use --accel tcg, or auto`,
    });
  }
}

/** KVM where it runs the guest, and faster than TCG. */
async function fasterAccelerator(plan: PairPlan, qemus: Qemus): Promise<Accelerator> {
  for (const features of allFeatures(plan)) {
    if (!features.accelerators.includes('tcg')) return 'kvm';
    if ((await kvmObstacle(features)) !== undefined) return 'tcg';
  }
  const kvm = await qemus.pace(plan, 'kvm');
  if (!kvm.runs) return 'tcg';
  const tcg = await qemus.pace(plan, 'tcg');
  return tcg.runs && tcg.pagesPerSecond >= kvm.pagesPerSecond ? 'tcg' : 'kvm';
}
