/** What one migration of a benchmark took. Plain data. */
export interface Measured {
  /**
   * from the moment when Drover lifts the bandwidth limit of the start, to the source's event
   * MIGRATION completed
   */
  readonly totalMs?: number | undefined;
  /** from the source's event STOP to the destination's event RESUME, by QEMU's time stamps */
  readonly stopToResumeMs?: number | undefined;
  /** QEMU's `downtime` */
  readonly qemuDowntimeMs?: number | undefined;
  /** QEMU's `setup-time` */
  readonly setupMs?: number | undefined;
  /** of a migration through a file: how long the destination read it */
  readonly restoreMs?: number | undefined;
  /** QEMU's `ram.transferred` */
  readonly transferredBytes?: number | undefined;
  /** QEMU's `ram.dirty-sync-count` */
  readonly iterations?: number | undefined;
  /** how much of it QEMU had sent when the total time began */
  readonly sentBeforeBytes?: number | undefined;
  /** what QEMU sent in the total time, per second */
  readonly megabitsPerSecond?: number | undefined;
  /** processor time of the QEMU, its guest included, until both sides have completed */
  readonly sourceProcessorMs?: number | undefined;
  readonly destinationProcessorMs?: number | undefined;
  /** the migration did not converge in time, and Drover raised the downtime limit */
  readonly isForced?: boolean;
}
