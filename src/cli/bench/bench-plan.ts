/**
 * Plans a benchmark: the two sides, and each scenario with what it needs, or why it cannot run.
 * Starts no guest.
 */
import { closest, distance } from 'fastest-levenshtein';
import { taskOf } from '../../bench/bench-spec.js';
import type { PlannedScenario, PlannedSide } from '../../bench/bench-run.js';
import type { Label } from '../../bench/order.js';
import { scenarioFields } from '../../bench/scenario.js';
import type { Scenario } from '../../bench/scenario.js';
import type { Parameters } from '../../suite/scenario-input.js';
import { needsOfSpec } from '../../suite/stress.js';
import { placementObstacle } from './placement.js';
import { buildGuestImage } from '../../guest/image.js';
import { guestPlatform } from '../../guest/platforms.js';
import { guestSpecOf, shapedPlatform } from '../../guest/shape.js';
import { kvmObstacle } from '../../migration/host/accelerator.js';
import type { AccelChoice } from '../../migration/host/accelerator.js';
import { probeHost } from '../../migration/host/host-probes.js';
import type { PairPlan } from '../../migration/plan.js';
import { unknownParameter, unmetSpec } from '../../migration/stress/unmet.js';
import { platforms } from '../../model/arch.js';
import { HarnessError, usageError } from '../../model/errors.js';
import { resolveBinary } from '../../qemu/binary.js';
import type { QemuBinary } from '../../qemu/binary.js';
import type { PairOptions } from '../options/options.js';
import type { Environment } from '../process/environment.js';
import { checkRoom } from '../run/guest-room.js';
import { planPair } from '../run/plan-pair.js';
import type { Qemus } from '../run/probed-qemus.js';
import { resolveBinaries } from '../run/resolve-binaries.js';
import type { BenchOptions } from './bench-options.js';

/** What is compared; one side if nothing is. */
export interface Sides {
  readonly labels: readonly Label[];
  readonly binaries: Readonly<Record<Label, QemuBinary>>;
  /** parameters of a side, over those of the scenario */
  readonly parameters: Readonly<Record<Label, Parameters>>;
}

/** @throws HarnessError `bad-bench` */
export function sidesOf(
  options: Pick<BenchOptions, 'qemu' | 'aa' | 'bParameter'>,
  environment: Environment,
): Sides {
  const { qemu, aa, bParameter } = options;
  const refuse = (message: string): never => {
    throw usageError('bad-bench', message);
  };
  if (qemu.length > 2) refuse(`--qemu: expected one or two, and got ${qemu.length}`);
  if (aa === true && (qemu.length > 1 || bParameter.length > 0)) {
    refuse('--aa compares a QEMU with itself: give one --qemu and no --b-parameter');
  }
  const [first, second] = qemu.map((command) =>
    resolveBinary(command, { searchPath: environment.searchPath, origin: '--qemu' }),
  );
  const a = first ?? resolveBinaries({}, environment).source;
  const b = second ?? a;
  if (a.arch !== b.arch) refuse(`A emulates ${a.arch} and B ${b.arch}: nothing can be compared`);
  const isCompared = second !== undefined || aa === true || bParameter.length > 0;
  return {
    labels: isCompared ? ['A', 'B'] : ['A'],
    binaries: { A: a, B: b },
    parameters: { A: {}, B: Object.fromEntries(bParameter) },
  };
}

export interface PlanOfBench {
  readonly sides: Sides;
  readonly scenarios: readonly Scenario[];
  readonly options: PairOptions & { readonly probes?: boolean };
  readonly environment: Environment;
  readonly qemus: Qemus;
  /** for probes */
  readonly directory: string;
  readonly signal: AbortSignal;
}

/**
 * @throws HarnessError what the user gave cannot work, whatever the QEMU; or no scenario can run
 */
export async function planScenarios(input: PlanOfBench): Promise<PlannedScenario[]> {
  const planned: PlannedScenario[] = [];
  for (const scenario of input.scenarios) {
    planned.push(
      await planScenario(input, scenario).catch((error: unknown) => {
        if (!(error instanceof HarnessError) || error.blame !== 'usage') throw error;
        const message = `scenario ${scenario.name}: ${error.message}`;
        throw new HarnessError({ ...error.input, message, cause: error });
      }),
    );
  }
  const [first] = planned;
  if (first?.skipped !== undefined && planned.every(({ skipped }) => skipped !== undefined)) {
    throw usageError(
      'bad-bench',
      `no scenario can run; scenario ${first.scenario.name}: ${first.skipped}`,
    );
  }
  return planned;
}

/** @throws HarnessError as `planScenarios` */
export async function planScenario(
  input: PlanOfBench,
  scenario: Scenario,
): Promise<PlannedScenario> {
  const { sides, options, environment } = input;
  const obstacle = await accelObstacle(input, scenario);
  // even a scenario that is skipped has a plan
  const accel = obstacle === undefined ? scenario.machine.accel : undefined;
  const a = await planSide(input, scenario, 'A', accel ?? options.accel);
  const b = await planSide(input, scenario, 'B', a.plan.accel);
  const { spec, guest } = a.task;
  const { arch, machine } = a.plan;
  const hasNoHot = guest.hot !== undefined && !guestPlatform(arch).hot;
  const noHot = hasNoHot ? `guest.hotMiB: Drover's ${arch} guest has no hot part` : undefined;
  if (noHot === undefined) {
    buildGuestImage(guestSpecOf(shapedPlatform(platforms[arch], machine, guest), machine));
  }
  const ramBytes = scenario.guest.memoryMiB * 2 ** 20;
  const lacks = sides.labels.map((label) => {
    const { plan, task } = label === 'A' ? a : b;
    const unknown = unknownParameter(plan, task.spec);
    if (unknown !== undefined && Object.hasOwn(sides.parameters.B, unknown.name)) {
      throw usageError('bad-bench', `--b-parameter ${unknown.name}: ${unknown.why}`);
    }
    return {
      unmet: unmetSpec(plan, task.spec, needsOfSpec(task.spec), plan.host),
      parameter: unknown === undefined ? undefined : `parameter ${unknown.name}: ${unknown.why}`,
    };
  });
  const unmet =
    noHot ??
    obstacle ??
    placementObstacle(spec, ramBytes, environment.searchPath) ??
    lacks.find((each) => each.unmet !== undefined)?.unmet;
  if (unmet === undefined) refuseUnknownParameter(a, b);
  const skipped = unmet ?? lacks.find(({ parameter }) => parameter !== undefined)?.parameter;
  if (skipped === undefined) {
    const { memory, transport } = spec;
    const throughFile = transport.flow === 'file';
    const sizeText = (mebibytes: number): string => `memoryMiB=${mebibytes}`;
    checkRoom({ ramBytes, memory, throughFile, sizeText }, environment);
  }
  return { scenario, skipped, sides: { A: a, B: b } };
}

/** Why the accelerator of the scenario itself cannot be used. */
async function accelObstacle(
  { sides, qemus }: PlanOfBench,
  { machine: { accel } }: Scenario,
): Promise<string | undefined> {
  if (accel === undefined) return undefined;
  for (const label of sides.labels) {
    const features = await qemus.features(sides.binaries[label]);
    const has = features.accelerators.includes(accel);
    const obstacle = has && accel === 'kvm' ? await kvmObstacle(features) : undefined;
    if (obstacle !== undefined) return `accelerator ${accel}: ${obstacle}`;
    if (!has) return `QEMU ${features.version} was compiled without ${accel.toUpperCase()}`;
  }
  return undefined;
}

/** @throws HarnessError `bad-bench`: a parameter of the scenario that neither QEMU knows */
function refuseUnknownParameter({ plan, task }: PlannedSide, other: PlannedSide): void {
  const known = [plan, other.plan].flatMap(({ sourceFeatures }) => sourceFeatures.parameters);
  const name = Object.keys(task.spec.parameters).find((each) => !known.includes(each));
  if (name === undefined) return;
  const fields = scenarioFields.map((field) => field.slice(field.indexOf('.') + 1));
  const near = closest(name, [...fields, ...known]);
  const hint = distance(name, near) <= 3 ? `; did you mean '${near}'?` : '';
  throw usageError('bad-bench', `no QEMU here has a migration parameter ${name}${hint}`, {
    details: [`there are ${[...new Set(known)].join(' ')}`],
  });
}

/** The machine type and the accelerator are the same on both sides. */
async function planSide(
  { sides, options, environment, qemus, directory, signal }: PlanOfBench,
  scenario: Scenario,
  label: Label,
  accel: AccelChoice,
): Promise<PlannedSide> {
  const { A, B } = sides.binaries;
  const binary = sides.binaries[label];
  const planned = await planPair({
    binaries: { source: binary, destination: binary },
    route: [A, B],
    options: { ...options, accel },
    environment,
    qemus,
  });
  if (planned.kind === 'absent') throw usageError('bad-bench', planned.reason);
  const task = taskOf(scenario, sides.parameters[label], options.probes);
  const { route: _route, ...plan } = planned.plan;
  const { cache } = qemus;
  const host = await probeHost(needsOfSpec(task.spec), { plan, directory, signal, cache });
  return { plan: slowed({ ...plan, host }, scenario), task };
}

/** All that a migration waits for takes longer with more memory. */
function slowed(plan: PairPlan, { guest }: Scenario): PairPlan {
  return { ...plan, slowness: plan.slowness * Math.max(1, guest.memoryMiB / 1024) };
}
