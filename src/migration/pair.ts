/** A source and a destination QEMU, started side by side and set up for one migration. */
import { both } from '../model/both.js';
import type { JsonObject } from '../model/json.js';
import { closeMemory, openMemory } from '../qemu/shared-memory.js';
import {
  discoverAddress,
  discoverChannels,
  migrateIncoming,
  setCapability,
  setParameters,
} from './commands.js';
import type { Target } from './commands.js';
import type { MachineWish, TestContext, TestMachine } from './context.js';
import { Migration } from './migration.js';
import type { PairSettings } from './pair-settings.js';

/** upstream's number of channels for every multifd test that says nothing else */
const usualChannels = 4;

/** slow: an unthrottled guest that rewrites all its memory can never be caught up with within 1 ms */
const nonConvergingRate = { 'max-bandwidth': 100_000_000, 'downtime-limit': 1 } as const;
/** fast: whatever is left fits into the allowed downtime */
export const convergingRate = {
  'max-bandwidth': 10_000_000_000,
  'downtime-limit': 30_000,
} as const;

export class Pair {
  constructor(
    readonly context: TestContext,
    readonly settings: PairSettings,
    readonly source: TestMachine,
    readonly destination: TestMachine,
  ) {}

  /** `text` with `$DIR` replaced by the test's directory */
  expand(text: string): string {
    return text.replaceAll('$DIR', this.context.directory);
  }

  /**
   * Keeps a live migration from ending: the guest dirties its whole range (99 MiB) in milliseconds,
   * and 1 ms of downtime at this bandwidth is 0.1 MB.
   */
  async ensureNonConverge(): Promise<void> {
    await setParameters(this.source, nonConvergingRate);
  }

  /** Sends faster, but still may not end: 1 ms at this bandwidth is 1 MB. */
  async sendFaster(): Promise<void> {
    await setParameters(this.source, { ...nonConvergingRate, 'max-bandwidth': 1_000_000_000 });
  }

  /** Lets the migration converge. */
  async ensureConverge(): Promise<void> {
    await setParameters(this.source, convergingRate);
  }

  /** Tells a deferred destination where to listen, and waits until it does. */
  async listen(target: Target, extra: JsonObject = {}): Promise<void> {
    await migrateIncoming(this.destination, target, extra);
  }

  /** Begins to migrate, to where the destination listens unless given. */
  async migrate(target?: Target): Promise<Migration> {
    return await Migration.start(this, target ?? (await this.target()));
  }

  /** what `migrate` is given */
  async target(): Promise<Target> {
    const { connect, connectBy, channels } = this.settings;
    if (channels !== undefined) return { channels };
    if (connectBy === 'channels') return { channels: await discoverChannels(this.destination) };
    return {
      uri: connect === undefined ? await discoverAddress(this.destination) : this.expand(connect),
    };
  }
}

/**
 * Starts both sides at once and sets capabilities and parameters: each on the source, then on the
 * destination; then tells a deferred destination where to listen, if that is known.
 */
export async function startPair(context: TestContext, settings: PairSettings): Promise<Pair> {
  context.observer.phase('launch');
  const firmware = context.writeGuest({ suspend: settings.suspend ?? false });
  const memory = openMemory(settings.memory ?? 'anon', context.platform.ramBytes);
  // What is sent would be written over what the guest has written since, if both were one.
  const isOne = settings.capabilities?.includes('x-ignore-shared') === true;
  const other = isOne ? memory : openMemory(settings.memory ?? 'anon', context.platform.ramBytes);
  let source: TestMachine;
  let destination: TestMachine;
  try {
    [source, destination] = await both(
      context.startMachine(wishOf(context, settings, { side: 'source', memory, firmware })),
      context.startMachine(
        wishOf(context, settings, { side: 'destination', memory: other, firmware }),
      ),
    );
  } finally {
    // they have it by now
    closeMemory(memory);
    if (!isOne) closeMemory(other);
  }
  const pair = new Pair(context, settings, source, destination);
  await setUp(pair, [source, destination]);
  return pair;
}

/**
 * A new destination for the source of `pair`, whose last destination is of no use any more. Only the
 * destination is set up. Memory that both sides map cannot be had again: its file has no name by now.
 * @param tag tells its evidence from the earlier one's
 */
export async function startNewDestination(
  pair: Pair,
  tag: string,
  settings: PairSettings = pair.settings,
): Promise<Pair> {
  const { context, source } = pair;
  const { memory, firmware } = source.spec;
  const wish = wishOf(context, settings, { side: 'destination', memory, firmware });
  const destination = await context.startMachine({ ...wish, tag });
  const next = new Pair(context, settings, source, destination);
  await setUp(next, [destination]);
  return next;
}

function wishOf(
  { directory }: TestContext,
  settings: PairSettings,
  { side, memory, firmware }: Pick<MachineWish, 'side' | 'memory' | 'firmware'>,
): MachineWish {
  const { listen = 'defer', oob, accel, accelOptions, sourceArgs, destinationArgs } = settings;
  const isSource = side === 'source';
  return {
    ...{ side, memory, firmware, oob, accel, accelOptions },
    incoming: isSource ? undefined : listen.replaceAll('$DIR', directory),
    extraArgs: isSource ? sourceArgs : destinationArgs,
  };
}

/** Sets capabilities and parameters: each on the source, then on the destination. Then tells the destination where to listen. */
export async function setUp(pair: Pair, machines: readonly TestMachine[]): Promise<void> {
  const { settings, source, destination } = pair;
  const capabilities = settings.capabilities ?? [];
  for (const name of capabilities) {
    for (const machine of machines) await setCapability(machine, name);
  }
  for (const machine of machines) {
    const isSource = machine === source;
    const own = isSource ? settings.sourceCapabilities : settings.destinationCapabilities;
    for (const name of [...(own ?? []), 'events']) await setCapability(machine, name);
    const channels = settings.multifdChannels ?? usualChannels;
    const all = {
      ...(capabilities.includes('multifd') && { 'multifd-channels': channels }),
      ...settings.parameters,
      ...(isSource ? settings.sourceParameters : settings.destinationParameters),
    };
    if (Object.keys(all).length > 0) await setParameters(machine, all);
  }
  if (settings.incoming === undefined || !machines.includes(destination)) return;
  await pair.listen({ uri: pair.expand(settings.incoming) });
}
