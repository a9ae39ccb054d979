/** Whether this host has room for two guests of a size of the user's choice. */
import { readFileSync, statfsSync } from 'node:fs';
import { hugePageObstacle } from '../../migration/host/huge-pages.js';
import { requireRoom } from '../../schedule/stress-capacity.js';
import type { StressDemand } from '../../schedule/stress-capacity.js';
import type { Environment } from '../process/environment.js';
import { hostCapacity } from '../process/host-capacity.js';

/** @throws HarnessError `no-room` */
export function checkRoom(demand: StressDemand, { temporaryDirectory }: Environment): void {
  const free = (folder: string): number => {
    try {
      const { bavail, bsize } = statfsSync(folder);
      return bavail * bsize;
    } catch {
      return 0;
    }
  };
  requireRoom(demand, {
    availableBytes: hostCapacity().availableBytes,
    sharedBytes: free('/dev/shm'),
    diskBytes: free(temporaryDirectory),
    hugePageObstacle: (bytes) => hugePageObstacle(readFileSync('/proc/meminfo', 'utf8'), bytes),
  });
}
