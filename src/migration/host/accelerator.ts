/** Which accelerator a run uses, and why. */
import type { Accelerator } from '../../model/arch.js';
import { usageError } from '../../model/errors.js';
import type { QemuFeatures } from '../../model/features.js';
import { loadAddon } from '../../native/addon.js';

export type AccelChoice = 'auto' | Accelerator;

/** Why KVM cannot be used with a binary on this host; undefined when it can be tried. */
export async function kvmObstacle(features: QemuFeatures): Promise<string | undefined> {
  if (!features.accelerators.includes('kvm')) return 'this QEMU was compiled without KVM';
  const probe = await loadAddon().probeKvm().promise;
  return probe.available ? undefined : probe.reason;
}

export function requireAccelerator(accel: Accelerator, features: QemuFeatures): void {
  if (features.accelerators.includes(accel)) return;
  throw usageError(
    'no-accelerator',
    `QEMU ${features.version} was compiled without ${accel.toUpperCase()}; it has ${features.accelerators.join(', ')}`,
  );
}
