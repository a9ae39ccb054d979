/**
 * What a migration test says in data: where the destination listens, where the source connects, which capabilities and
 * parameters, whether the guest runs while it is migrated, what the test expects. Pair keeps it; the hooks are in migrate-common.ts.
 */
import type { Accelerator } from '../model/arch.js';
import type { MemoryBackend } from '../model/command-line.js';
import type { Json } from '../model/json.js';

/** What should come of a migration. */
export type Expectation =
  /** completes; the guest goes on at the destination and its memory is intact */
  | { readonly kind: 'completes' }
  /**
   * The command is accepted, the migration fails, and the guest goes on at the source.
   * `throughActive`: the source may have begun to send. `destination`: it stays alive and listening,
   * or ends itself with status 1.
   */
  | {
      readonly kind: 'fails';
      readonly throughActive: boolean;
      readonly destination: 'alive' | 'exits';
    }
  /** the migrate command itself is refused */
  | { readonly kind: 'refused' };

/** as `migrate-set-parameters` takes them */
export type Parameters = Readonly<Record<string, string | number | boolean>>;

export interface PairSettings {
  /** `-incoming` of the destination, `defer` unless given; `$DIR` is the test's directory */
  readonly listen?: string | undefined;
  /** with `-incoming defer`: what `migrate-incoming` tells the destination when capabilities and parameters are set */
  readonly incoming?: string | undefined;
  /** where the source connects; default: where the destination reports that it listens */
  readonly connect?: string;
  /** the address that the destination tells is given as one main channel, instead of as a URI */
  readonly connectBy?: 'uri' | 'channels';
  /** `channels` argument instead of a URI */
  readonly channels?: Json;
  /** set on both sides, before the start hook, in this order */
  readonly capabilities?: readonly string[];
  /** set on each side after the capabilities of both */
  readonly sourceCapabilities?: readonly string[] | undefined;
  readonly destinationCapabilities?: readonly string[] | undefined;
  /** with capability multifd; 4 unless given */
  readonly multifdChannels?: number;
  /** set on both sides after the capabilities, and read back */
  readonly parameters?: Parameters | undefined;
  /** set on each side together with those of both */
  readonly sourceParameters?: Parameters | undefined;
  readonly destinationParameters?: Parameters | undefined;
  /** the guest runs while it is migrated, and the migration cannot end before Drover lets it */
  readonly live?: boolean;
  /** with `live`: iterations over memory that must have ended before the migration may converge */
  readonly iterations?: number;
  /** the guest suspends itself (S3) after its first sign of life and is woken at the destination */
  readonly suspend?: boolean;
  readonly memory?: MemoryBackend['kind'];
  readonly sourceArgs?: readonly string[];
  readonly destinationArgs?: readonly string[];
  /** of both sides, whatever the run's is */
  readonly accel?: Accelerator;
  /** extra properties of the accelerator of both sides, such as `dirty-ring-size=4096` */
  readonly accelOptions?: string;
  /** negotiate out-of-band QMP on both sides */
  readonly oob?: boolean;
  /** default: completes */
  readonly expect?: Expectation;
}
