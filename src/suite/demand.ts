/** What a test uses of the host, from its definition and its needs. Pure. */
import { platforms } from '../model/arch.js';
import type { Accelerator, Arch } from '../model/arch.js';
import type { Demand, Exclusive } from '../model/demand.js';
import type { HostFactName } from '../model/host-facts.js';
import type { MigrateCommon } from '../migration/migrate-common.js';
import type { TestDefinition } from './definition.js';

/** memory of a QEMU without guest RAM: code, devices, the translation cache in use */
export const overheadPerQemuBytes = 200 * 1024 * 1024;

/**
 * Cores that a QEMU of a pair keeps busy with each writer of its guest. The guest always writes,
 * but on one side at a time, so that a pair uses one core for each, under TCG and under KVM.
 */
const coresPerQemu: Readonly<Record<Accelerator, number>> = { tcg: 0.5, kvm: 0.5 };
/** a test that starts no QEMU still uses a thread */
const coresWithoutQemu = 0.25;

/** needs that only one test at a time can have */
const exclusiveNeeds: Readonly<Partial<Record<HostFactName, Exclusive>>> = {
  'rdma-ipv4': 'rdma-port',
  'rdma-ipv6': 'rdma-port',
  'huge-pages': 'huge-pages',
};

/** The number of files in /dev/shm: one for each side, unless both map the same. */
function filesOf({ made }: TestDefinition, machines: number): number {
  const input = (made?.input ?? {}) as Partial<MigrateCommon>;
  const isShared = input.capabilities?.includes('x-ignore-shared') === true;
  return input.memory === 'shmem' && !isShared ? machines : 1;
}

export function demandOf(
  test: TestDefinition,
  { arch, accel }: { readonly arch: Arch; readonly accel: Accelerator },
): Demand {
  const { machines = 2, ramBytes = platforms[arch].ramBytes, ...takes } = test.takes ?? {};
  const { writers = 1 } = test.guest ?? {};
  const hostNeeds = (test.needs ?? []).flatMap((need) => (need.kind === 'host' ? [need.name] : []));
  const files = hostNeeds.includes('shared-memory') ? filesOf(test, machines) : 0;
  const { sharedMemoryBytes = files * ramBytes } = takes;
  const exclusive = hostNeeds.flatMap((name) => exclusiveNeeds[name] ?? []);
  return {
    cpu: machines === 0 ? coresWithoutQemu : machines * writers * coresPerQemu[accel],
    memoryBytes: machines * (ramBytes + overheadPerQemuBytes),
    sharedMemoryBytes,
    exclusive: [...new Set([...exclusive, ...(takes.exclusive ?? [])])],
  };
}
