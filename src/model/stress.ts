/** Figures of one round of a stress run. Plain data, part of the events. */

/** Times in milliseconds. */
export interface RoundFigures {
  /** from the migrate command until both sides reported completion */
  readonly migrationMs: number;
  /** QEMU's own */
  readonly downtimeMs?: number;
  readonly transferredBytes?: number;
  /** iterations: QEMU's dirty-sync-count */
  readonly passes?: number;
  /** Drover had to raise the downtime limit */
  readonly forced: boolean;
  readonly verifyMs: number;
  readonly verifiedPages: number;
}

/** Of a stress run. */
export interface StressRun {
  /** as many rounds as fit into it; absent where their number is given */
  readonly lastsMs?: number;
  /** the command that runs it again */
  readonly rerun: string;
}

/** Memory and descriptors of Drover itself, at the end of a round. */
export interface OwnUse {
  readonly memoryBytes: number;
  readonly descriptors: number;
}
