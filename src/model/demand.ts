/** What a test takes of the host while it runs. Plain data. */

export interface Demand {
  /** weights of its QEMUs together, in cores */
  readonly cpu: number;
  /** of all its QEMUs, guests' memory and all else */
  readonly memoryBytes: number;
  /** in /dev/shm */
  readonly sharedMemoryBytes: number;
  /** what only one test at a time may have */
  readonly exclusive: readonly Exclusive[];
}

/**
 * Resources of which a host has one, or of which a test takes all. `host`: nothing else runs beside
 * it.
 */
export const exclusives = ['rdma-port', 'huge-pages', 'host'] as const;
export type Exclusive = (typeof exclusives)[number];

/** What may be taken at once. */
export interface Limits {
  /** attempts at the same time */
  readonly slots: number;
  /** in cores; absent where the number of attempts was given instead */
  readonly cpu?: number;
  readonly memoryBytes: number;
  readonly sharedMemoryBytes: number;
}
