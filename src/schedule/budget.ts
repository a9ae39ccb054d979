/**
 * What all tests of a run may use of this host together. Pure: the host's figures are arguments.
 */
import type { Limits } from '../model/demand.js';
import { HarnessError } from '../model/errors.js';

/** leave room for the rest of the host */
const memoryShare = 0.8;
/** tests without a QEMU use little; more places per core would only be idle threads */
const slotsPerCore = 2;

export interface HostCapacity {
  readonly cores: number;
  readonly availableBytes: number;
  /** free in /dev/shm */
  readonly sharedMemoryBytes: number;
}

export interface BudgetOptions {
  /** -j: number of attempts at once, whatever cores they use */
  readonly jobs?: number;
  /** --memory-budget */
  readonly memoryBytes?: number;
  /** number of planned attempts: more places would stay empty */
  readonly attempts: number;
  /** weight of the lightest test, in cores */
  readonly lightestCpu: number;
}

export function limitsFor(host: HostCapacity, options: BudgetOptions): Limits {
  const { jobs, attempts, lightestCpu } = options;
  const byCores = Math.min(
    Math.floor(host.cores / Math.max(lightestCpu, 0.01)),
    host.cores * slotsPerCore,
  );
  return {
    slots: Math.max(1, Math.min(jobs ?? byCores, attempts)),
    cpu: jobs === undefined ? host.cores : undefined,
    memoryBytes: options.memoryBytes ?? Math.floor(host.availableBytes * memoryShare),
    sharedMemoryBytes: host.sharedMemoryBytes,
  };
}

/** For a host on which not even the smallest of the tests fits. */
export function tooLittleMemory(smallestBytes: number, limits: Limits): HarnessError {
  return new HarnessError({
    code: 'no-memory',
    blame: 'host',
    message: `the smallest of the tests needs about ${mebibytes(smallestBytes)} of memory, and ${mebibytes(limits.memoryBytes)} may be used (--memory-budget)`,
  });
}

export function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MiB`;
}
