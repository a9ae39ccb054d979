/** What this host is and has, for the event log and for deciding how much to run at once. */
import { readFileSync, statfsSync } from 'node:fs';
import os from 'node:os';
import type { HostIdentity } from '../../model/events.js';
import type { HostCapacity } from '../../schedule/budget.js';

export function hostIdentity(): HostIdentity {
  return {
    hostname: os.hostname(),
    kernel: os.release(),
    cpu: os.cpus()[0]?.model ?? 'unknown',
    cores: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    node: process.version,
  };
}

export function hostCapacity(): HostCapacity {
  // the second knows what a container may use, the first what the whole host has left
  const availableBytes = Math.min(hostAvailableBytes(), process.availableMemory());
  const cores = os.availableParallelism();
  return { cores, availableBytes, sharedMemoryBytes: freeSharedMemory() };
}

/**
 * No such folder: nothing that could be taken of it, and a test that needs it is skipped for its
 * own reason.
 */
function freeSharedMemory(): number {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm');
    return bavail * bsize;
  } catch {
    return 0;
  }
}

/** MemAvailable counts what caches would give back; os.freemem does not on every Node. */
function hostAvailableBytes(): number {
  try {
    const kib = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1];
    return kib === undefined ? os.freemem() : Number(kib) * 1024;
  } catch {
    return os.freemem();
  }
}
