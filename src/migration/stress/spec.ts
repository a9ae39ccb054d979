/** What a stress run does: how the guest migrates, and what disturbs it meanwhile. Plain data. */
import type { MemoryBackend } from '../../model/command-line.js';
import type { Side } from '../../model/outcome.js';
import type { StressTransport } from './transports.js';

/** QEMUs that SIGSTOP stops for a while in each round, while memory is sent. */
export interface Freeze {
  readonly sides: readonly Side[];
  readonly ms: number;
}

export interface StressSpec {
  readonly memory: MemoryBackend['kind'];
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
   * so long after the first iteration Drover raises the downtime limit, so that a guest that writes
   * too fast migrates as well
   */
  readonly patienceMs: number;
  readonly freeze?: Freeze;
  /** with postcopy: the switch comes after this many iterations; default: 1 */
  readonly postcopyAfter?: number;
  /**
   * QEMU starts the guest at the destination, as it does by itself; default: the guest stays
   * stopped until it is checked
   */
  readonly autostart?: boolean;
  /** measure what QEMU itself does not report (probes.ts) */
  readonly probes?: boolean;
}
