/** A source and a destination QEMU, started side by side and set up for one migration. */
import { both } from '../model/both.js';
import type { MemoryBackend } from '../model/command-line.js';
import type { JsonObject } from '../model/json.js';
import type { Machine } from '../qemu/machine.js';
import { closeMemory, openMemory } from '../qemu/shared-memory.js';
import {
  discoverAddress,
  discoverChannels,
  migrateIncoming,
  setCapability,
  setParameters,
} from './commands.js';
import type { Target } from './commands.js';
import type { MachineWish, TestContext } from './context.js';
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
    readonly common: PairSettings,
    readonly source: Machine,
    readonly destination: Machine,
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
    const { patience, signal } = this.context;
    await migrateIncoming(this.destination, target, patience.eventMs, signal, extra);
  }

  /** Begins to migrate, to where the destination listens unless given. */
  async migrate(target?: Target): Promise<Migration> {
    return await Migration.start(this, target ?? (await this.target()));
  }

  /** what `migrate` is given */
  async target(): Promise<Target> {
    const { connect, connectBy, channels } = this.common;
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
export async function startPair(context: TestContext, common: PairSettings): Promise<Pair> {
  context.observer.phase('launch');
  const firmware = context.writeGuest({ suspend: common.suspend ?? false });
  const memory = openMemory(common.memory ?? 'anon', context.platform.ramBytes);
  // What is sent would be written over what the guest has written since, if both were one.
  const isOne = common.capabilities?.includes('x-ignore-shared') === true;
  const other = isOne ? memory : openMemory(common.memory ?? 'anon', context.platform.ramBytes);
  let source: Machine;
  let destination: Machine;
  try {
    [source, destination] = await both(
      context.startMachine({ side: 'source', ...wishOf(common, memory, firmware) }),
      context.startMachine(destinationWish(context, common, other, firmware)),
    );
  } finally {
    // they have it by now
    closeMemory(memory);
    if (!isOne) closeMemory(other);
  }
  const pair = new Pair(context, common, source, destination);
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
  common: PairSettings = pair.common,
): Promise<Pair> {
  const { context, source } = pair;
  const { memory, firmware } = source.spec;
  const wish = destinationWish(context, common, memory, firmware);
  const destination = await context.startMachine({ ...wish, tag });
  const next = new Pair(context, common, source, destination);
  await setUp(next, [destination]);
  return next;
}

type CommonWish = Omit<MachineWish, 'side'>;

function wishOf(common: PairSettings, memory: MemoryBackend, firmware: string): CommonWish {
  return {
    memory,
    firmware,
    oob: common.oob ?? false,
    extraArgs: common.sourceArgs ?? [],
    accel: common.accel,
    accelOptions: common.accelOptions,
  };
}

function destinationWish(
  context: TestContext,
  common: PairSettings,
  memory: MemoryBackend,
  firmware: string,
): MachineWish {
  return {
    ...wishOf(common, memory, firmware),
    side: 'destination',
    incoming: (common.listen ?? 'defer').replaceAll('$DIR', context.directory),
    extraArgs: common.destinationArgs ?? [],
  };
}

/** Sets capabilities and parameters: each on the source, then on the destination. Then tells the destination where to listen. */
export async function setUp(pair: Pair, machines: readonly Machine[]): Promise<void> {
  const { common, context, source, destination } = pair;
  const capabilities = common.capabilities ?? [];
  for (const name of capabilities) {
    for (const machine of machines) await setCapability(machine, name);
  }
  for (const machine of machines) {
    const isSource = machine === source;
    const own = isSource ? common.sourceCapabilities : common.destinationCapabilities;
    for (const name of [...(own ?? []), 'events']) await setCapability(machine, name);
    const channels = common.multifdChannels ?? usualChannels;
    const all = {
      ...(capabilities.includes('multifd') && { 'multifd-channels': channels }),
      ...common.parameters,
      ...(isSource ? common.sourceParameters : common.destinationParameters),
    };
    if (Object.keys(all).length > 0) await setParameters(machine, all);
  }
  if (common.incoming === undefined || !machines.includes(destination)) return;
  const target = { uri: pair.expand(common.incoming) };
  await migrateIncoming(destination, target, context.patience.eventMs, context.signal);
}
