/** Which accelerator a run uses, and why. */
import type { Accelerator } from '../../model/arch.js';
import { usageError } from '../../model/errors.js';
import type { QemuFeatures } from '../../model/features.js';
import { loadAddon } from '../../native/addon.js';
import type { KvmProbe } from '../../native/host-addon.js';

export type AccelChoice = 'auto' | Accelerator;

/** Why KVM cannot be used with a binary on this host; undefined when it can be tried. */
export async function kvmObstacle(features: QemuFeatures): Promise<string | undefined> {
  if (!features.accelerators.includes('kvm')) return 'this QEMU was compiled without KVM';
  const probe = await loadAddon().probeKvm().promise;
  return probe.available ? undefined : probe.reason;
}

/** Why KVM has no guest_memfd that both the guest and QEMU can use. */
export async function guestMemfdObstacle(): Promise<string | undefined> {
  return lackOfGuestMemfd(await loadAddon().probeKvm().promise);
}

export function lackOfGuestMemfd(kvm: KvmProbe): string | undefined {
  const { available, reason, guestMemfd, guestMemfdShared } = kvm;
  if (!available) return reason;
  if (!guestMemfd) return 'this KVM has no guest_memfd (capability GUEST_MEMFD, Linux 6.8)';
  return guestMemfdShared
    ? undefined
    : 'guest_memfd of this KVM cannot be shared from the beginning (capability GUEST_MEMFD_FLAGS, Linux 6.18)';
}

export function requireAccelerator(accel: Accelerator, features: QemuFeatures): void {
  if (features.accelerators.includes(accel)) return;
  throw usageError(
    'no-accelerator',
    `QEMU ${features.version} was compiled without ${accel.toUpperCase()}; it has ${features.accelerators.join(', ')}`,
  );
}
