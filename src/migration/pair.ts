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
import type { MachineOptions, TestContext, TestMachine } from './context.js';
import { Migration } from './migration.js';
import { channelsOf } from './pair-settings.js';
import type { PairSettings } from './pair-settings.js';
import type { PairPlan } from './plan.js';
import { Wire } from './wire.js';
import type { WireFault } from './wire.js';

/** slow: a guest that is not throttled rewrites more than QEMU can send in 1 ms */
const nonConvergingRate = { 'max-bandwidth': 100_000_000, 'downtime-limit': 1 } as const;
/** fast: whatever is left fits into the downtime limit */
export const convergingRate = {
  'max-bandwidth': 10_000_000_000,
  'downtime-limit': 30_000,
} as const;

/** the migration status that came in 11.0, whose own tests let the destination outlive an error */
const whereErrorsAreOutlived = 'failing';

/**
 * Whether the destination must be there after an error; older releases, which their tests let exit,
 * are tested like that.
 */
export function outlivesErrors({ plan }: TestContext, { surviveErrors }: PairSettings): boolean {
  const { statuses, commands } = plan.destinationFeatures;
  return (
    surviveErrors === true &&
    statuses.includes(whereErrorsAreOutlived) &&
    commands['migrate-incoming']?.includes('exit-on-error') === true
  );
}

/**
 * QEMU 11.1, in which this migration status is new, does not wait for an acknowledgement that none
 * of its devices needs: seen with machines that have no such device. 10.2 waits whatever the
 * devices.
 */
const withoutWait = 'failing';

export class Pair {
  /** with setting `wire`, from `migrate` on */
  wire: Wire | undefined;
  /** of the wire, from its beginning */
  faults: readonly WireFault[] = [];
  /** see Sides */
  cutConnection: (() => Promise<void>) | undefined;

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

  /** Gives a deferred destination its address, and waits until it listens. */
  async listen(target: Target, extra: JsonObject = {}): Promise<void> {
    await migrateIncoming(this.destination, target, extra);
  }

  /** Starts the migration. @param target default: where the destination listens */
  async migrate(target?: Target): Promise<Migration> {
    return await Migration.start(this, target ?? (await this.target()));
  }

  /** the arguments of `migrate` */
  async target(): Promise<Target> {
    const { connect, connectBy, channels } = this.settings;
    if (channels !== undefined) return { channels };
    if (connectBy === 'channels') return { channels: await discoverChannels(this.destination) };
    const uri =
      connect === undefined ? await discoverAddress(this.destination) : this.expand(connect);
    return { uri: await this.#wired(uri) };
  }

  async #wired(uri: string): Promise<string> {
    const { context, settings } = this;
    const { wire } = settings;
    if (wire === undefined) return uri;
    const goesOn = context.plan.sourceFeatures.statuses.includes(withoutWait);
    const kind = wire === 'withheld' && goesOn ? 'plain' : wire;
    // of a migration before this one
    this.wire?.[Symbol.dispose]();
    const opened = Wire.open(uri, context.file(`wire-${this.destination.pid}`), kind);
    this.wire = opened;
    context.own(opened);
    context.watchHost(() => opened.hostTrouble);
    for (const fault of this.faults) await opened.fault(fault, context.signal);
    return opened.uri;
  }
}

/**
 * Starts both sides at once and sets capabilities and parameters: each on the source, then on the
 * destination. Then gives a deferred destination its address, if the settings have one.
 */
export async function startPair(context: TestContext, settings: PairSettings): Promise<Pair> {
  context.observer.phase('launch');
  const firmware = context.writeGuest({ suspend: settings.suspend, accel: settings.accel });
  const memory = openMemory(settings.memory ?? 'anon', context.platform.ramBytes);
  // If both sides mapped one memory, QEMU would write old pages over what the guest has written
  // since.
  const isOne = settings.capabilities?.includes('x-ignore-shared') === true;
  const other = isOne ? memory : openMemory(settings.memory ?? 'anon', context.platform.ramBytes);
  let source: TestMachine;
  let destination: TestMachine;
  try {
    [source, destination] = await both(
      context.startMachine(optionsOf(context, settings, { side: 'source', memory, firmware })),
      context.startMachine(
        optionsOf(context, settings, { side: 'destination', memory: other, firmware }),
      ),
    );
  } finally {
    // the QEMUs have it open by now
    closeMemory(memory);
    if (!isOne) closeMemory(other);
  }
  const pair = new Pair(context, settings, source, destination);
  await setUp(pair, [source, destination]);
  return pair;
}

/**
 * Replaces the destination of `pair`, and sets the new one up. Not with memory that both sides map:
 * its file has no name any more.
 * @param tag distinguishes the evidence of this destination from that of earlier ones
 */
export async function startNewDestination(
  pair: Pair,
  tag: string,
  settings: PairSettings = pair.settings,
): Promise<Pair> {
  const { context, source } = pair;
  const { memory, firmware } = source.spec;
  const own = optionsOf(context, settings, { side: 'destination', memory, firmware });
  const destination = await context.startMachine({ ...own, tag });
  const next = new Pair(context, settings, source, destination);
  await setUp(next, [destination]);
  return next;
}

function optionsOf(
  context: TestContext,
  settings: PairSettings,
  { side, memory, firmware }: Pick<MachineOptions, 'side' | 'memory' | 'firmware'>,
): MachineOptions {
  const { directory, plan } = context;
  const { oob, accel, accelOptions, sourceArgs, destinationArgs } = settings;
  const isSource = side === 'source';
  const listen = outlivesErrors(context, settings) ? 'defer' : (settings.listen ?? 'defer');
  return {
    ...{ side, memory, firmware, oob, accel, accelOptions },
    // where a live migration is compared, its guest waits at the destination until that is done
    paused: !isSource && waits(plan, settings),
    incoming: isSource ? undefined : listen.replaceAll('$DIR', directory),
    extraArgs: isSource ? sourceArgs : destinationArgs,
  };
}

function waits({ arrival = 'usual' }: PairPlan<string>, { live, steady }: PairSettings): boolean {
  if (arrival === 'stamps') return false;
  return steady === true || (arrival !== 'usual' && live === true);
}

/**
 * Sets capabilities and parameters: each on the source, then on the destination. Then gives the
 * destination its address.
 */
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
    const all = {
      ...(capabilities.includes('multifd') && { 'multifd-channels': channelsOf(settings) }),
      ...settings.parameters,
      ...(isSource ? settings.sourceParameters : settings.destinationParameters),
    };
    if (Object.keys(all).length > 0) await setParameters(machine, all);
  }
  const outlives = outlivesErrors(pair.context, settings);
  const address = settings.incoming ?? (outlives ? settings.listen : undefined);
  if (address === undefined || !machines.includes(destination)) return;
  await pair.listen({ uri: pair.expand(address) }, outlives ? { 'exit-on-error': false } : {});
}
