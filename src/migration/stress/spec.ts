/** What a stress run does: how the guest migrates, and what disturbs it meanwhile. Plain data. */
import type { MemoryKind } from '../../model/command-line.js';
import type { Side } from '../../model/outcome.js';
import type { StressTransport, TlsKind } from './transports.js';

/** QEMUs that SIGSTOP stops for a while in each round, while memory is sent. */
export interface Freeze {
  readonly sides: readonly Side[];
  readonly ms: number;
}

/** Where a QEMU runs on the host. */
export interface Placement {
  /** processors as `taskset -c` takes them, such as 0-3,8 */
  readonly cpus?: string | undefined;
  /** the guest's memory is bound to this NUMA node */
  readonly node?: number | undefined;
}

export interface StressSpec {
  readonly memory: MemoryKind;
  readonly transport: StressTransport;
  /** with multifd */
  readonly channels?: number;
  /**
   * migration parameters of both sides, over those of the transport; `max-bandwidth` counts once
   * the migration may converge
   */
  readonly parameters: Readonly<Record<string, string | number | boolean>>;
  /** one guest for all rounds, migrated back and forth, instead of a new one for each */
  readonly pingPong: boolean;
  /** the first downtime limit, milliseconds */
  readonly downtimeLimitMs: number;
  /**
   * this long after the first iteration Drover raises the downtime limit, so that a guest that
   * writes too fast migrates as well
   */
  readonly patienceMs: number;
  readonly freeze?: Freeze;
  readonly tls?: TlsKind | undefined;
  /** as GnuTLS takes it; default: that of QEMU */
  readonly tlsPriority?: string | undefined;
  /** extra properties of the accelerator of both sides, such as `dirty-ring-size=4096` */
  readonly accelOptions?: string | undefined;
  readonly placement?: Readonly<Partial<Record<Side, Placement>>> | undefined;
  /** Drover stops the guest after this many iterations, and then the migration completes */
  readonly pauseAfter?: number | undefined;
  /** with postcopy: the switch comes after this many iterations; default: 1 */
  readonly postcopyAfter?: number;
  /** instead: as soon as the source has sent this many bytes since the slow start ended */
  readonly postcopyAfterBytes?: number | undefined;
  /**
   * QEMU starts the guest at the destination, as it does by itself; default: the guest stays
   * stopped until it is checked
   */
  readonly autostart?: boolean;
  /** measure what QEMU itself does not report (probes.ts) */
  readonly probes?: boolean;
}
