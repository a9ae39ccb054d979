/**
 * What the QEMUs of a command can do and how fast they run the guest: each probed once, and cached
 * for later runs.
 */
import type { Accelerator } from '../../model/arch.js';
import type { QemuFeatures } from '../../model/features.js';
import { measurePace, runningPaceShape } from '../../migration/host/guest-speed.js';
import type { Pace } from '../../migration/host/guest-speed.js';
import type { PairPlan } from '../../migration/plan.js';
import type { QemuBinary } from '../../qemu/binary.js';
import { bootId } from '../../qemu/boot-id.js';
import { featuresShape } from '../../qemu/features-shape.js';
import { ProbeCache } from '../../qemu/probe-cache.js';
import { probeFeatures } from '../../qemu/probe.js';
import type { Environment } from '../process/environment.js';
import type { Binaries } from './resolve-binaries.js';

const probeTimeoutMs = 20_000;

export class Qemus {
  readonly cache: ProbeCache;
  /** probed once, however many pairs a QEMU is part of; failed probes are kept too */
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

  async features(binary: QemuBinary<string>): Promise<QemuFeatures> {
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
