/**
 * What `drover doctor` checks: this host first, then each QEMU. Every check tries the feature
 * itself, and a "no" always has a reason.
 */
import { statfsSync } from 'node:fs';
import os from 'node:os';
import { accelerators as allAccelerators, platforms } from '../../model/arch.js';
import type { Accelerator } from '../../model/arch.js';
import { toFailure } from '../../model/errors.js';
import type { QemuFeatures } from '../../model/features.js';
import { chooseMachine } from '../../model/machine-type.js';
import { kvmObstacle } from '../../migration/host/accelerator.js';
import { makePlan } from '../../migration/plan.js';
import type { PairPlan } from '../../migration/plan.js';
import { findAddon } from '../../native/addon.js';
import type { LoadedAddon } from '../../native/addon.js';
import type { QemuBinary } from '../../qemu/binary.js';
import { limitsFor, mebibytes } from '../../schedule/budget.js';
import { demandOf } from '../../suite/demand.js';
import { allTests } from '../../suite/registry.js';
import type { Environment } from '../process/environment.js';
import { hostCapacity } from '../process/host-capacity.js';
import type { Qemus } from '../run/probed-qemus.js';

export interface Check {
  readonly what: string;
  readonly answer: 'yes' | 'no' | 'info';
  /** a figure, or the reason of a "no" */
  readonly detail: string;
}

function yes(what: string, detail = ''): Check {
  return { what, answer: 'yes', detail };
}

function no(what: string, reason: string): Check {
  return { what, answer: 'no', detail: reason };
}

const gib = (bytes: number): string => `${(bytes / 1024 ** 3).toFixed(1)} GiB`;

export async function hostChecks(environment: Environment): Promise<Check[]> {
  const found = findAddon();
  const { addon } = found;
  const [uffd, kvm, dio] = await Promise.all([
    addon.probeUserfaultfd().promise,
    addon.probeKvm().promise,
    addon.probeDirectIo(environment.temporaryDirectory).promise,
  ]);
  const capacity = hostCapacity();
  return [
    {
      what: 'host',
      answer: 'info',
      detail: `Linux ${os.release()}, ${os.cpus()[0]?.model ?? 'unknown CPU'}`,
    },
    { what: 'native addon', answer: 'info', detail: addonDetail(found) },
    pairs(capacity),
    sharedMemory(),
    kvm.available ? yes('/dev/kvm', ringDetail(kvm.dirtyRingBytes)) : no('/dev/kvm', kvm.reason),
    uffd.available
      ? yes(
          'userfaultfd',
          uffd.threadId
            ? 'reports which thread waits for a page'
            : 'does not report which thread waits for a page',
        )
      : no('userfaultfd', `${uffd.reason}; postcopy needs it`),
    dio.available
      ? yes('O_DIRECT', `in ${environment.temporaryDirectory}`)
      : no('O_DIRECT', `in ${environment.temporaryDirectory}: ${dio.reason}`),
    yes('scan kernels', `${addon.kernelNames().join(', ')}; default ${addon.defaultKernel()}`),
  ];
}

function addonDetail({ place, passedOver }: LoadedAddon): string {
  const what = place.kind === 'built' ? 'built here' : 'prebuilt, as the package brings it';
  return [`${what}: ${place.folder}`, ...passedOver].join('; ');
}

function ringDetail(bytes: number): string {
  return bytes > 0
    ? `can be opened; dirty ring up to ${bytes} bytes`
    : 'can be opened; no dirty ring';
}

function pairs(capacity: ReturnType<typeof hostCapacity>): Check {
  const what = 'pairs at once';
  const there = `${capacity.cores} cores, ${gib(capacity.availableBytes)} of free memory`;
  const [first] = allTests;
  if (first === undefined) return no(what, 'Drover has no tests');
  const { cpu, memoryBytes } = demandOf(first, { arch: 'x86_64', accel: 'tcg' });
  const limits = limitsFor(capacity, { attempts: Infinity, lightestCpu: cpu });
  const jobs = Math.min(limits.slots, Math.floor(limits.memoryBytes / memoryBytes));
  return jobs > 0
    ? yes(what, `${jobs}: ${there}`)
    : no(what, `a pair of QEMUs needs about ${mebibytes(memoryBytes)} of free memory; ${there}`);
}

function sharedMemory(): Check {
  const what = '/dev/shm';
  try {
    const { bavail, bsize } = statfsSync('/dev/shm');
    return yes(what, `${gib(bavail * bsize)} free`);
  } catch (error) {
    return no(what, toFailure(error).message);
  }
}

/** features that not every supported release has */
const capabilities = [
  'postcopy-ram',
  'postcopy-preempt',
  'multifd',
  'mapped-ram',
  'switchover-ack',
  'dirty-limit',
  'zero-copy-send',
  'background-snapshot',
] as const;

const compressions = ['zlib', 'zstd', 'qatzip', 'qpl', 'uadk'] as const;

export async function qemuChecks(binary: QemuBinary, qemus: Qemus): Promise<Check[]> {
  const features = await qemus.features(binary);
  const platform = platforms[binary.arch];
  const choice = chooseMachine({ alias: platform.machineAlias }, features, features);
  const lacks = `not in QEMU ${features.version}`;
  return [
    { what: 'version', answer: 'info', detail: `${features.version} (${features.package})` },
    choice.kind === 'chosen'
      ? yes('machine', `${platform.machineAlias} stands for ${choice.machine}`)
      : no('machine', choice.reason),
    ...(choice.kind === 'chosen'
      ? await accelerators(binary, features, choice.machine, qemus)
      : []),
    ...listed('transport', ['exec', 'file', 'rdma'], features.transports, lacks),
    ...listed('compression', compressions, features.compressions, `${lacks}, or not compiled in`),
    ...listed('capability', capabilities, features.capabilities, lacks),
    ...listed('parameter', ['direct-io', 'mode'], features.parameters, lacks),
  ];
}

function listed(
  kind: string,
  wanted: readonly string[],
  has: readonly string[],
  reason: string,
): Check[] {
  return wanted.map((name) => {
    const what = `${kind} ${name}`;
    return has.includes(name) ? yes(what) : no(what, reason);
  });
}

async function accelerators(
  binary: QemuBinary,
  features: QemuFeatures,
  machine: string,
  qemus: Qemus,
): Promise<Check[]> {
  const plan = makePlan({ source: { binary, features }, machine, env: qemus.env });
  const checks: Check[] = [];
  for (const accel of allAccelerators) checks.push(await accelerator(accel, plan, qemus));
  return checks;
}

async function accelerator(accel: Accelerator, plan: PairPlan, qemus: Qemus): Promise<Check> {
  const what = `accelerator ${accel}`;
  const features = plan.sourceFeatures;
  if (!features.accelerators.includes(accel)) return no(what, 'this QEMU was compiled without it');
  const obstacle = accel === 'kvm' ? await kvmObstacle(features) : undefined;
  if (obstacle !== undefined) return no(what, obstacle);
  const pace = await qemus.pace(plan, accel);
  return pace.runs
    ? yes(
        what,
        `${(pace.pagesPerSecond / 1e6).toFixed(2)} million pages/s, the guest's first output after ${(pace.firstSignMs / 1000).toFixed(2)} s`,
      )
    : no(what, `the guest does not run: ${pace.reason}`);
}
