/** What a benchmark measures of one migration. Plain data. */
import type { Side } from './outcome.js';

export interface Measured {
  /**
   * from the moment when Drover lifts the bandwidth limit of the start, to the source's event
   * MIGRATION completed
   */
  readonly totalMs?: number | undefined;
  /** from the source's event STOP to the destination's event RESUME, by QEMU's time stamps */
  readonly stopToResumeMs?: number | undefined;
  /** the longest time around that without a write of the guest to its memory */
  readonly guestDowntimeMs?: number | undefined;
  /** so much the guest downtime may be off */
  readonly guestDowntimeErrorMs?: number | undefined;
  /** the longest time around the downtime without a byte that the guest writes to a device */
  readonly deviceDowntimeMs?: number | undefined;
  /** so much the guest device downtime may be too long */
  readonly deviceDowntimeErrorMs?: number | undefined;
  /** what the guest did not write over the total time, as time at its speed before */
  readonly guestLostMs?: number | undefined;
  /** from RESUME until the guest is back at 90 % of its speed before */
  readonly guestRecoveryMs?: number | undefined;
  /** QEMU's `downtime` */
  readonly qemuDowntimeMs?: number | undefined;
  /** QEMU's last `expected-downtime` before it stopped the guest */
  readonly expectedDowntimeMs?: number | undefined;
  /** how fast the guest wrote new pages over how fast QEMU sent, in the last iteration */
  readonly dirtyOverTransfer?: number | undefined;
  /** QEMU's `setup-time` */
  readonly setupMs?: number | undefined;
  /** of a migration through a file: how long the destination read it */
  readonly restoreMs?: number | undefined;
  /** QEMU's `ram.transferred` */
  readonly transferredBytes?: number | undefined;
  /** of these, before the downtime, in it, and after it */
  readonly precopyBytes?: number | undefined;
  readonly downtimeBytes?: number | undefined;
  readonly postcopyBytes?: number | undefined;
  /** what multifd's channels sent, which no phase counts */
  readonly multifdBytes?: number | undefined;
  /** QEMU's `postcopy-blocktime`: virtual processors waited for pages */
  readonly postcopyBlocktimeMs?: number | undefined;
  /** QEMU's `postcopy-latency`, mean */
  readonly faultLatencyUs?: number | undefined;
  /** QEMU's `ram.dirty-sync-count` */
  readonly iterations?: number | undefined;
  /** how much of it QEMU had sent when the total time began */
  readonly sentBeforeBytes?: number | undefined;
  /** what QEMU sent in the total time, per second */
  readonly megabitsPerSecond?: number | undefined;
  /** processor time of the QEMU, its guest included, until both sides have completed */
  readonly sourceProcessorMs?: number | undefined;
  readonly destinationProcessorMs?: number | undefined;
  /** the most memory that the QEMU had at once, its guest's included */
  readonly sourcePeakBytes?: number | undefined;
  readonly destinationPeakBytes?: number | undefined;
  /** the migration did not converge in time, and Drover raised the downtime limit */
  readonly isForced?: boolean;
}

/**
 * The course of one migration. Times are in milliseconds since the total time began, with
 * fractions; what happened before it has negative ones.
 */
export interface Timeline {
  /** in the order of time */
  readonly marks: readonly Mark[];
  /** what `query-migrate` of the source said, in the order of time */
  readonly progress: readonly ProgressPoint[];
  /** absent where Drover did not watch the guest's memory */
  readonly guestSpeed?: GuestSpeed | undefined;
  /** processor time until both sides have completed, by class of thread */
  readonly processor: readonly ProcessorShare[];
  /** what the downtime consists of, by QEMU's trace events; empty where QEMU has none */
  readonly downtimeParts: readonly DowntimePart[];
  /** faults of postcopy by latency: number n counts those of 2^n to 2^(n+1) µs */
  readonly faultLatency?: readonly number[] | undefined;
}

export interface Mark {
  readonly atMs: number;
  /** such as `iteration 2`, `STOP`, `postcopy-active`, `RESUME`, `completed` */
  readonly name: string;
  readonly side: Side;
}

/** Absent members: QEMU does not say, or not in this state. */
export interface ProgressPoint {
  readonly atMs: number;
  readonly remainingBytes?: number | undefined;
  readonly transferredBytes?: number | undefined;
  readonly dirtyPagesPerSecond?: number | undefined;
  readonly megabitsPerSecond?: number | undefined;
  readonly throttlePercent?: number | undefined;
  readonly expectedDowntimeMs?: number | undefined;
}

/** Pages that the guest wrote, at whichever side it ran, in bins of one length. */
export interface GuestSpeed {
  /** start of the first bin */
  readonly fromMs: number;
  readonly binMs: number;
  readonly pages: readonly number[];
}

export interface ProcessorShare {
  readonly side: Side;
  /** such as `main`, `migration`, `multifd send`, `multifd receive`, `vCPU`, `other` */
  readonly threads: string;
  readonly ms: number;
}

export interface DowntimePart {
  readonly side: Side;
  /** a step of the switchover, or a device */
  readonly name: string;
  readonly kind: 'step' | 'device';
  readonly ms: number;
}
