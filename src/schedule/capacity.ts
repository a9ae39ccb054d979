/** How many pairs may run at once on this host. Pure: the host's figures are arguments. */
import { HarnessError } from '../model/errors.js';

/** what a QEMU needs beside guest RAM: its code, devices' memory, the translation cache in use */
const overheadPerQemuBytes = 200 * 1024 * 1024;
/** leave room for the rest of the host */
const memoryShare = 0.8;

export interface HostCapacity {
  readonly cores: number;
  readonly availableBytes: number;
}

/** memory that one pair may use, in bytes */
export function pairBytes(ramBytes: number): number {
  return 2 * (ramBytes + overheadPerQemuBytes);
}

/**
 * Number of pairs at once: one per core, as far as memory goes.
 * @throws HarnessError `no-memory` when not even one fits
 */
export function defaultJobs(host: HostCapacity, ramBytes: number): number {
  const byMemory = Math.floor((host.availableBytes * memoryShare) / pairBytes(ramBytes));
  if (byMemory < 1) {
    throw new HarnessError({
      code: 'no-memory',
      blame: 'host',
      message: `a pair of QEMUs needs about ${mebibytes(pairBytes(ramBytes))} of memory, and only ${mebibytes(host.availableBytes)} are available`,
    });
  }
  return Math.max(1, Math.min(host.cores, byMemory));
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MiB`;
}
