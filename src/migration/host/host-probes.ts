/**
 * Probes this host for what the selected tests need, and for nothing else: some probes run a guest.
 */
import { existsSync, readFileSync } from 'node:fs';
import os from 'node:os';
import type { Need } from '../../model/features.js';
import type { HostFact, HostFactName, HostFacts } from '../../model/host-facts.js';
import { platforms } from '../../model/arch.js';
import { linuxGuestObstacle } from '../../guest/linux-image.js';
import { loadAddon } from '../../native/addon.js';
import { locate } from '../../qemu/binary.js';
import { probeSharedMemory } from '../../qemu/shared-memory.js';
import { smallDiskObstacle } from './small-disk.js';
import { hugePageObstacle } from './huge-pages.js';
import { guestMemfdObstacle, kvmObstacle } from './accelerator.js';
import { dirtyRingObstacle } from './dirty-ring-probe.js';
import type { HostProbeOptions } from './dirty-ring-probe.js';
import { findRdmaAddress, ownLockingObstacle } from './rdma-link.js';
import type { Family } from './rdma-link.js';

export type { HostProbeOptions };

type HostProbe = (input: HostProbeOptions) => Promise<HostFact> | HostFact;

const yes = (detail?: string): HostFact => ({ available: true, reason: '', detail });
const no = (reason: string): HostFact => ({ available: false, reason });
const unless = (obstacle: string | undefined): HostFact =>
  obstacle === undefined ? yes() : no(obstacle);

const probes: Readonly<Record<HostFactName, HostProbe>> = {
  userfaultfd: async () => {
    const { available, reason, threadId } = await loadAddon().probeUserfaultfd().promise;
    if (!available) return no(`userfaultfd, which postcopy needs, cannot be used: ${reason}`);
    return yes(threadId ? 'with thread ids' : '');
  },
  'direct-io': async ({ directory }) => {
    const { available, reason } = await loadAddon().probeDirectIo(directory).promise;
    return available ? yes() : no(`no O_DIRECT in ${directory}: ${reason}`);
  },
  'shared-memory': () => unless(probeSharedMemory()),
  kvm: async ({ plan: { sourceFeatures, destinationFeatures } }) =>
    unless((await kvmObstacle(sourceFeatures)) ?? (await kvmObstacle(destinationFeatures))),
  'guest-memfd': async () => unless(await guestMemfdObstacle()),
  'dirty-ring': async (input) => unless(await dirtyRingObstacle(input)),
  'rdma-ipv4': async (input) => await rdma('IPv4', input),
  'rdma-ipv6': async (input) => await rdma('IPv6', input),
  'locked-memory': () => unless(ownLockingObstacle()),
  'huge-pages': ({ plan: { arch } }) =>
    unless(hugePageObstacle(readFileSync('/proc/meminfo', 'utf8'), 2 * platforms[arch].ramBytes)),
  'linux-guest': ({ plan: { arch } }) => unless(linuxGuestObstacle(arch)),
  'small-disk': async (input) => unless(await smallDiskObstacle(input)),
  vsock: () => {
    const missing = ['/dev/vsock', '/sys/module/vsock_loopback'].find((file) => !existsSync(file));
    return unless(missing && `no vsock to this host itself: ${missing} does not exist`);
  },
};

/** The detail is the address. */
async function rdma(
  family: Family,
  { plan, directory, signal }: HostProbeOptions,
): Promise<HostFact> {
  const obstacle = ownLockingObstacle();
  if (obstacle !== undefined) return no(obstacle);
  const { env } = plan;
  // distributions install it in sbin, which is not on every user's PATH
  const tool = locate('rdma', `${env['PATH'] ?? ''}:/usr/sbin:/sbin`);
  const interfaces = os.networkInterfaces();
  const found = await findRdmaAddress(family, { tool, interfaces, directory, env, signal });
  return found.available ? yes(found.address) : no(found.reason);
}

/** The facts that a set of needs asks for. */
export async function probeHost(
  needs: readonly Need[],
  input: HostProbeOptions,
): Promise<HostFacts> {
  const names = new Set(needs.flatMap((need) => (need.kind === 'host' ? [need.name] : [])));
  const facts: Partial<Record<HostFactName, HostFact>> = {};
  // one after another: a second guest would disturb the measurement
  for (const name of names) facts[name] = await probes[name](input);
  return facts;
}
