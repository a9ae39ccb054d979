/** What one round of a stress run came to. Plain data, part of the events. */

/** Times in milliseconds. */
export interface RoundFigures {
  /** from the command to migrate until both sides told that it is complete */
  readonly migrationMs: number;
  /** QEMU's own */
  readonly downtimeMs?: number;
  readonly transferredBytes?: number;
  /** passes over memory: QEMU's dirty-sync-count */
  readonly passes?: number;
  /** the limit on downtime had to be lifted */
  readonly forced: boolean;
  readonly verifyMs: number;
  readonly verifiedPages: number;
}

/** Of a run that moves guests round after round, instead of running tests. */
export interface StressRun {
  /** as many rounds as fit into it; absent where their number is given */
  readonly lastsMs?: number;
  /** the command that runs it again */
  readonly rerun: string;
}

/** What Drover itself takes, at the end of a round. */
export interface OwnUse {
  readonly memoryBytes: number;
  readonly descriptors: number;
}
