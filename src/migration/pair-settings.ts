/**
 * A migration test as data: where the destination listens, where the source connects, which
 * capabilities and parameters, whether the guest runs meanwhile, what the test expects. Pair keeps
 * it; the hooks are in migrate-common.ts.
 */
import * as v from 'valibot';
import { accelerators } from '../model/arch.js';
import { everyMemoryKind } from '../model/command-line.js';
import type { Json } from '../model/json.js';
import { text, texts, whole } from '../model/shapes.js';
import type { Fields } from '../model/shapes.js';
import { wireKinds } from './wire.js';

/** the migration completes; the guest runs on at the destination with its memory intact */
export const completes = v.strictObject({ kind: v.literal('completes') });
/** QEMU refuses the migrate command */
export const refused = v.strictObject({ kind: v.literal('refused') });
/** QEMU accepts the command, the migration fails, and the guest runs on at the source. */
const fails = v.strictObject({
  kind: v.literal('fails'),
  /** the source may have begun to send */
  throughActive: v.boolean(),
  /** it runs on and listens, or exits with status 1 */
  destination: v.picklist(['alive', 'exits']),
});

/** The expected end of a migration. */
const expectation = v.variant('kind', [completes, fails, refused]);
export type Expectation = v.InferOutput<typeof expectation>;

/** as `migrate-set-parameters` takes them */
const parameters = v.pipe(
  v.record(v.string(), v.union([v.string(), v.number(), v.boolean()])),
  v.readonly(),
);

export const pairShape = v.strictObject({
  /** `-incoming` of the destination, `defer` unless given; `$DIR` is the test's directory */
  listen: v.optional(text),
  /**
   * with `-incoming defer`: what `migrate-incoming` gives the destination when capabilities and
   * parameters are set
   */
  incoming: v.optional(text),
  /** where the source connects; default: where the destination reports that it listens */
  connect: v.optional(text),
  /** `channels`: pass the address that the destination reports as one main channel, not as a URI */
  connectBy: v.optional(v.picklist(['uri', 'channels'])),
  /** `channels` argument instead of a URI */
  channels: v.optional(v.any() as v.GenericSchema<Json>),
  /**
   * Drover passes the connections on, counts them, and checks whether they are encrypted (wire.ts);
   * not with `channels`
   */
  wire: v.optional(v.picklist(wireKinds)),
  /** set on both sides, before the start hook, in this order */
  capabilities: v.optional(texts),
  /** set on each side after the capabilities of both */
  sourceCapabilities: v.optional(texts),
  destinationCapabilities: v.optional(texts),
  /** with capability multifd; 4 unless given */
  multifdChannels: v.optional(whole(1)),
  /** set on both sides after the capabilities; read back to check */
  parameters: v.optional(parameters),
  /** set on each side together with those of both */
  sourceParameters: v.optional(parameters),
  destinationParameters: v.optional(parameters),
  /** the guest runs meanwhile, and the migration cannot end before Drover lets it converge */
  live: v.optional(v.boolean()),
  /**
   * with `live`: the guest keeps a pace, and the migration converges by itself after several
   * iterations (flows/steady.ts)
   */
  steady: v.optional(v.boolean()),
  /** with `live`: this many iterations must end before the migration may converge */
  iterations: v.optional(whole(1)),
  /**
   * the guest suspends itself (S3) after its first sign of life; Drover wakes it at the destination
   */
  suspend: v.optional(v.boolean()),
  memory: v.optional(v.picklist(everyMemoryKind)),
  sourceArgs: v.optional(texts),
  destinationArgs: v.optional(texts),
  /** of both sides, whatever that of the run */
  accel: v.optional(v.picklist(accelerators)),
  /** extra properties of the accelerator of both sides, such as `dirty-ring-size=4096` */
  accelOptions: v.optional(text),
  /** negotiate out-of-band QMP on both sides */
  oob: v.optional(v.boolean()),
  /** default: completes */
  expect: v.optional(expectation),
  /**
   * from QEMU 11.0 on the destination gets its address by `migrate-incoming`, with `exit-on-error`
   * false: there a destination that `expect` says exits must stay alive and report that it failed
   */
  surviveErrors: v.optional(v.boolean()),
});
export type PairSettings = Fields<typeof pairShape.entries>;

/** upstream's default for multifd tests */
const usualChannels = 4;

/** of the source, with capability multifd */
export function channelsOf(settings: PairSettings): number {
  const { multifdChannels = usualChannels, parameters, sourceParameters } = settings;
  const name = 'multifd-channels';
  return Number(sourceParameters?.[name] ?? parameters?.[name] ?? multifdChannels);
}
