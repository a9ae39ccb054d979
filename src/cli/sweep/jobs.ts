/** How many pairs of QEMUs a sweep runs at the same time. Pure. */
import { limitsFor } from '../../schedule/budget.js';
import type { HostCapacity } from '../../schedule/budget.js';
import { overheadPerQemuBytes } from '../../suite/demand.js';

export interface Jobs {
  readonly jobs: number;
  /** what the memory of this host has room for, where that is less than was asked for */
  readonly roomFor?: number;
}

export interface Work {
  /** -j; default: one for each core */
  readonly wanted: number | undefined;
  /** how many there are to check */
  readonly items: number;
  /** of each guest */
  readonly ramBytes: number;
}

export function jobsFor(host: HostCapacity, { wanted, items, ramBytes }: Work): Jobs {
  const { slots, memoryBytes } = limitsFor(host, {
    jobs: wanted,
    attempts: items,
    lightestCpu: 1,
  });
  // of a source and a destination
  const pairBytes = 2 * (ramBytes + overheadPerQemuBytes);
  const roomFor = Math.max(1, Math.floor(memoryBytes / pairBytes));
  return roomFor < slots ? { jobs: roomFor, roomFor } : { jobs: slots };
}
