/** What a stress run does to a guest: how it is moved, how often, and what is done to it meanwhile. Plain data. */
import type { MemoryBackend } from '../../model/command-line.js';
import type { Side } from '../../model/outcome.js';
import type { StressTransport } from './transports.js';

/** A QEMU that is held by SIGSTOP for a while, in each round, while memory is sent. */
export interface Freeze {
  readonly sides: readonly Side[];
  readonly ms: number;
}

export interface StressSpec {
  readonly memory: MemoryBackend['kind'];
  readonly transport: StressTransport;
  /** with multifd */
  readonly channels?: number;
  /** migration parameters of both sides, over those of the transport */
  readonly parameters: Readonly<Record<string, string | number | boolean>>;
  /** one guest for all rounds, migrated back and forth, instead of a new one for each */
  readonly pingPong: boolean;
  /** the downtime that the migration must fit into, milliseconds; at first */
  readonly downtimeLimitMs: number;
  /** so long after the first pass over memory any downtime will do, so that a guest that writes faster than can be sent is moved all the same */
  readonly patienceMs: number;
  readonly freeze?: Freeze;
}
