/**
 * Which QEMUs a command works with, what they can do, and the plan that follows for a pair: machine
 * type and accelerator.
 */
import { platforms } from '../../model/arch.js';
import type { Accelerator, Arch } from '../../model/arch.js';
import { HarnessError } from '../../model/errors.js';
import type { QemuFeatures } from '../../model/features.js';
import { chooseMachine } from '../../model/machine-type.js';
import { kvmObstacle, requireAccelerator } from '../../migration/host/accelerator.js';
import { measurePace, runningPaceShape } from '../../migration/host/guest-speed.js';
import type { Pace } from '../../migration/host/guest-speed.js';
import { allFeatures, slownessOf } from '../../migration/plan.js';
import type { PairPlan, Station } from '../../migration/plan.js';
import { locate, resolveBinary } from '../../qemu/binary.js';
import type { QemuBinary } from '../../qemu/binary.js';
import { featuresShape } from '../../qemu/features-shape.js';
import { probeFeatures } from '../../qemu/probe.js';
import { bootId } from '../../qemu/boot-id.js';
import { ProbeCache } from '../../qemu/probe-cache.js';
import type { Environment } from '../process/environment.js';
import type { PairOptions, QemuOptions } from '../options/options.js';

const probeTimeoutMs = 20_000;

export interface Binaries {
  readonly source: QemuBinary;
  readonly destination: QemuBinary;
}

/** Flags come before variables, and a side's own before what is for both. */
export function resolveBinaries(options: QemuOptions, environment: Environment): Binaries {
  const search = environment.searchPath;
  const pick = (
    side: readonly [string | undefined, string],
    sideVariable: readonly [string | undefined, string],
  ): QemuBinary => {
    const candidates: readonly (readonly [string | undefined, string])[] = [
      side,
      [options.qemu, '--qemu'],
      sideVariable,
      [environment.qemu, 'QTEST_QEMU_BINARY'],
    ];
    const found = candidates.find(([value]) => value !== undefined);
    if (found?.[0] !== undefined) {
      return resolveBinary(found[0], { searchPath: search, origin: found[1] });
    }
    return resolveBinary(defaultProgram(search), { searchPath: search, origin: 'PATH' });
  };
  const source = pick(
    [options.qemuSrc, '--qemu-src'],
    [environment.qemuSource, 'QTEST_QEMU_BINARY_SRC'],
  );
  const destination = pick(
    [options.qemuDst, '--qemu-dst'],
    [environment.qemuDestination, 'QTEST_QEMU_BINARY_DST'],
  );
  if (source.arch !== destination.arch) {
    throw new HarnessError({
      code: 'arch-mismatch',
      blame: 'usage',
      message: `the source emulates ${source.arch} and the destination ${destination.arch}: a guest cannot migrate between architectures`,
    });
  }
  return { source, destination };
}

/**
 * QEMUs that are all named: at least two, all of one architecture.
 * @param hint what to do with a single one
 */
export function resolveSeveral(
  given: readonly string[],
  { searchPath }: Environment,
  hint: string,
): readonly [QemuBinary, ...QemuBinary[]] {
  const usage = (code: string, message: string): HarnessError =>
    new HarnessError({ code, blame: 'usage', message });
  if (given.length < 2) {
    throw usage(
      'too-few-qemus',
      `expected at least two QEMUs, each with a --qemu of its own, and got ${given.length === 0 ? 'none' : `only '${String(given[0])}'`}; ${hint}`,
    );
  }
  const [first, ...others] = given.map((one) =>
    resolveBinary(one, { searchPath, origin: '--qemu' }),
  );
  if (first === undefined) throw new Error('there are at least two');
  const other = others.find(({ arch }) => arch !== first.arch);
  if (other !== undefined) {
    throw usage(
      'arch-mismatch',
      `'${first.command}' emulates ${first.arch} and '${other.command}' ${other.arch}: a guest cannot migrate between architectures; give all --qemu the same`,
    );
  }
  return [first, ...others];
}

function defaultProgram(searchPath: string): string {
  const own: Readonly<Record<string, Arch>> = {
    x64: 'x86_64',
    arm64: 'aarch64',
    riscv64: 'riscv64',
    s390x: 's390x',
    ppc64: 'ppc64',
  };
  const name = `qemu-system-${own[process.arch] ?? process.arch}`;
  if (locate(name, searchPath) !== undefined) return name;
  throw new HarnessError({
    code: 'no-qemu',
    blame: 'host',
    message: `no ${name} on PATH; install it (Debian: apt-get install qemu-system) or name one with --qemu`,
  });
}

export class Qemus {
  readonly cache: ProbeCache;
  /** asked once, however many pairs a QEMU is part of; what could not be found out, too */
  readonly #features = new Map<string, Promise<QemuFeatures>>();
  readonly #paces = new Map<string, Promise<Pace>>();

  /** what QEMUs are started with */
  get env(): Readonly<Record<string, string>> {
    return this.environment.forQemu;
  }

  constructor(
    private readonly environment: Environment,
    private readonly directory: string,
    private readonly signal: AbortSignal,
    useCache: boolean,
  ) {
    this.cache = new ProbeCache(useCache ? environment.cacheDirectory : undefined);
  }

  async features(binary: QemuBinary): Promise<QemuFeatures> {
    return await once(this.#features, binary.command, async () =>
      this.cache.get({ kind: 'features', binary, extra: '', shape: featuresShape }, async () =>
        probeFeatures(binary, {
          directory: this.directory,
          env: this.environment.forQemu,
          timeoutMs: probeTimeoutMs,
          signal: this.signal,
        }),
      ),
    );
  }

  /** both sides' features; one probe when they are the same binary */
  async bothFeatures({ source, destination }: Binaries): Promise<[QemuFeatures, QemuFeatures]> {
    return await Promise.all([this.features(source), this.features(destination)]);
  }

  async pace(plan: PairPlan, accel: Accelerator): Promise<Pace> {
    const extra = `${accel} ${plan.machine} ${bootId()}`;
    const wanted = { kind: 'pace', binary: plan.source, extra, shape: runningPaceShape };
    return await once(this.#paces, `${extra} ${plan.source.command}`, async () =>
      this.cache.get(wanted, async () => measurePace(plan, accel, this.directory, this.signal)),
    );
  }

  /** KVM where it runs the guest, and faster than TCG; with the reason for the choice. */
  async fasterAccelerator(plan: PairPlan): Promise<{ accel: Accelerator; why: string }> {
    for (const features of allFeatures(plan)) {
      if (!features.accelerators.includes('tcg')) return { accel: 'kvm', why: 'no TCG built in' };
      const obstacle = await kvmObstacle(features);
      if (obstacle !== undefined) return { accel: 'tcg', why: obstacle };
    }
    const kvm = await this.pace(plan, 'kvm');
    if (!kvm.runs) return { accel: 'tcg', why: `KVM does not run the guest: ${kvm.reason}` };
    const tcg = await this.pace(plan, 'tcg');
    if (!tcg.runs) return { accel: 'kvm', why: `TCG does not run the guest: ${tcg.reason}` };
    const figures = `KVM ${millions(kvm.pagesPerSecond)}, TCG ${millions(tcg.pagesPerSecond)} pages/s`;
    return { accel: kvm.pagesPerSecond > tcg.pagesPerSecond ? 'kvm' : 'tcg', why: figures };
  }
}

async function once<T>(
  known: Map<string, Promise<T>>,
  key: string,
  find: () => Promise<T>,
): Promise<T> {
  const before = known.get(key);
  if (before !== undefined) return await before;
  const now = find();
  known.set(key, now);
  return await now;
}

export function millions(perSecond: number): string {
  return `${(perSecond / 1e6).toFixed(2)} million`;
}

export interface PlanInput {
  readonly binaries: Binaries;
  /** of a chain: all it comes by, the binaries first and last */
  readonly route?: readonly QemuBinary[];
  readonly options: PairOptions;
  readonly environment: Environment;
  readonly qemus: Qemus;
}

export type Planned =
  | { readonly kind: 'ready'; readonly plan: PairPlan; readonly accelWhy: string | undefined }
  /** this QEMU lacks the platform: every test is skipped for this reason */
  | { readonly kind: 'absent'; readonly plan: PairPlan; readonly reason: string };

export async function planPair(input: PlanInput): Promise<Planned> {
  const { binaries, options, environment, qemus } = input;
  const { source, destination } = binaries;
  const [sourceFeatures, destinationFeatures] = await qemus.bothFeatures(binaries);
  const route = input.route === undefined ? undefined : await stations(input.route, qemus);
  const choice = chooseMachine(
    {
      alias: platforms[source.arch].machineAlias,
      wanted: options.machine ?? environment.machine,
    },
    ...(route?.map(({ features }) => features) ?? [sourceFeatures, destinationFeatures]),
  );
  const draft: PairPlan = {
    arch: source.arch,
    source,
    destination,
    sourceFeatures,
    destinationFeatures,
    ...(route === undefined ? {} : { route }),
    host: {},
    machine: choice.kind === 'chosen' ? choice.machine : 'none',
    accel: 'tcg',
    slowness: 1,
    ...(environment.trace === undefined ? {} : { trace: environment.trace }),
    qtestLog: environment.qtestLog,
    env: environment.forQemu,
  };
  if (choice.kind === 'absent') return { kind: 'absent', plan: draft, reason: choice.reason };
  if (options.accel === 'auto') {
    const { accel, why } = await qemus.fasterAccelerator(draft);
    return { kind: 'ready', plan: await withSlowness({ ...draft, accel }, qemus), accelWhy: why };
  }
  await requireUsable(options.accel, draft);
  const plan = await withSlowness({ ...draft, accel: options.accel }, qemus);
  return { kind: 'ready', plan, accelWhy: undefined };
}

async function stations(route: readonly QemuBinary[], qemus: Qemus): Promise<Station[]> {
  const found: Station[] = [];
  for (const binary of route) found.push({ binary, features: await qemus.features(binary) });
  return found;
}

/** A guest that does not run at all is for the tests to tell. */
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
