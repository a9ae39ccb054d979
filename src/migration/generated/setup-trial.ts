/**
 * What QEMU says to the capabilities and parameters of a combination, without a migration: one pair
 * of QEMUs whose guests do not run, set up and reset again and again. Milliseconds each.
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { both } from '../../model/both.js';
import { HarnessError } from '../../model/errors.js';
import type { JsonObject } from '../../model/json.js';
import type { Refusal } from '../../model/outcome.js';
import { TestContext } from '../context.js';
import type { TestMachine } from '../context.js';
import { capabilitiesOfPostcopy } from '../flows/postcopy.js';
import { setParameters } from '../commands.js';
import { trickleRate } from '../tracking.js';
import type { PairSettings } from '../pair-settings.js';
import { Pair, setUp } from '../pair.js';
import type { PairPlan } from '../plan.js';
import type { Combination } from './combination.js';
import { refusalIn } from './refusal.js';
import { isPostcopy, settingsOf } from './settings.js';

export interface TrialOptions {
  readonly plan: PairPlan;
  /** private, exists */
  readonly directory: string;
  readonly signal: AbortSignal;
}

export class SetupTrial implements AsyncDisposable {
  #pair: TrialPair | undefined;
  #started = 0;
  #died = 0;

  constructor(private readonly options: TrialOptions) {}

  /** how often a QEMU did not start, died, or did not answer; such a combination counts as not refused */
  get died(): number {
    return this.#died;
  }

  async refusalOf(combination: Combination): Promise<Refusal | undefined> {
    try {
      this.#pair ??= await TrialPair.start(this.options, ++this.#started);
      return await this.#pair.refusalOf(settingsFor(combination));
    } catch (error) {
      if (this.options.signal.aborted || !(error instanceof HarnessError)) throw error;
      // its own test says more
      this.#died++;
      await this[Symbol.asyncDispose]();
      return undefined;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const pair = this.#pair;
    this.#pair = undefined;
    await pair?.context[Symbol.asyncDispose]();
  }
}

function settingsFor(combination: Combination): PairSettings {
  const settings = settingsOf(combination);
  if (!isPostcopy(combination)) return settings;
  return { ...settings, capabilities: capabilitiesOfPostcopy(settings.capabilities ?? []) };
}

class TrialPair {
  private constructor(
    readonly context: TestContext,
    private readonly sides: readonly [source: TestMachine, destination: TestMachine],
    private readonly usual: ReadonlyMap<TestMachine, JsonObject>,
  ) {}

  static async start(
    { plan, directory, signal }: TrialOptions,
    number: number,
  ): Promise<TrialPair> {
    const own = path.join(directory, `setup-${number}`);
    mkdirSync(own);
    const context = new TestContext({
      plan,
      directory: own,
      signal,
      observer: { phase: () => undefined, status: () => undefined },
    });
    try {
      const common = {
        memory: { kind: 'anon' },
        firmware: context.writeGuest(),
        paused: true,
      } as const;
      const sides = await both(
        context.startMachine({ ...common, side: 'source' }),
        context.startMachine({ ...common, side: 'destination', incoming: 'defer' }),
      );
      const [source, destination] = sides;
      const usual = new Map([
        [source, await source.qmp.execute('query-migrate-parameters')],
        [destination, await destination.qmp.execute('query-migrate-parameters')],
      ]);
      return new TrialPair(context, sides, usual);
    } catch (error) {
      await context[Symbol.asyncDispose]();
      throw error;
    }
  }

  async refusalOf(settings: PairSettings): Promise<Refusal | undefined> {
    const [source, destination] = this.sides;
    try {
      await setUp(new Pair(this.context, settings, source, destination), this.sides);
      // as tests do: QEMU may refuse it because of what it accepted before
      await setParameters(source, trickleRate);
      return undefined;
    } catch (error) {
      const refused = refusalIn(error);
      if (refused === undefined) throw error;
      return refused;
    } finally {
      for (const machine of this.sides) await this.#reset(machine, settings);
    }
  }

  /** Capabilities first: some parameters may not be changed while they are on. */
  async #reset(machine: TestMachine, settings: PairSettings): Promise<void> {
    const on = [...(settings.capabilities ?? []), ...(settings.sourceCapabilities ?? []), 'events'];
    const { sourceFeatures, destinationFeatures } = machine.context.plan;
    const features = machine.side === 'source' ? sourceFeatures : destinationFeatures;
    await machine.qmp.execute('migrate-set-capabilities', {
      capabilities: on
        .filter((name) => features.capabilities.includes(name))
        .map((capability) => ({ capability, state: false })),
    });
    const before = this.usual.get(machine) ?? {};
    const changed = Object.keys({
      ...settings.parameters,
      ...settings.sourceParameters,
      ...trickleRate,
      'multifd-channels': 0,
    });
    await machine.qmp.execute(
      'migrate-set-parameters',
      Object.fromEntries(
        changed.flatMap((name) => (before[name] === undefined ? [] : [[name, before[name]]])),
      ),
    );
  }
}
