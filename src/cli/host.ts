/** What this host is and has, for the record and for deciding how much to run at once. */
import { readFileSync } from 'node:fs';
import os from 'node:os';
import type { HostIdentity } from '../model/events.js';
import type { HostCapacity } from '../schedule/capacity.js';

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
  return { cores: os.availableParallelism(), availableBytes };
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
