/** How many pairs of QEMUs `drover devices` runs at the same time. Pure. */
import { guestRamBytes } from '../../devices/check-device.js';
import { limitsFor } from '../../schedule/budget.js';
import type { HostCapacity } from '../../schedule/budget.js';
import { overheadPerQemuBytes } from '../../suite/demand.js';

/** of a source and a destination */
const pairBytes = 2 * (guestRamBytes + overheadPerQemuBytes);

export interface Jobs {
  readonly jobs: number;
  /** what the memory of this host has room for, where that is less than was asked for */
  readonly roomFor?: number;
}

/** @param wanted -j; default: one for each core */
export function jobsFor(host: HostCapacity, wanted: number | undefined, devices: number): Jobs {
  const { slots, memoryBytes } = limitsFor(host, {
    jobs: wanted,
    attempts: devices,
    lightestCpu: 1,
  });
  const roomFor = Math.max(1, Math.floor(memoryBytes / pairBytes));
  return roomFor < slots ? { jobs: roomFor, roomFor } : { jobs: slots };
}
