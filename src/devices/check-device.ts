/**
 * One device: a source and a destination that have it are started and never run, the source gets
 * telling values and migrates, and both are compared. Every way to go wrong is an outcome; only
 * cancelling throws.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { Cancelled } from '../model/deadline.js';
import { HarnessError, toFailure } from '../model/errors.js';
import type { Side } from '../model/outcome.js';
import { compareArrival } from '../migration/arrival/arrival-check.js';
import type { Arrival } from '../migration/arrival/arrival-check.js';
import { giveTellingValues } from '../migration/arrival/telling-values.js';
import { migrate, migrateIncoming, setCapability } from '../migration/commands.js';
import { TestContext } from '../migration/context.js';
import type { Interference, TestMachine } from '../migration/context.js';
import type { PairPlan } from '../migration/plan.js';
import { waitStatus } from '../migration/waits.js';
import { asString } from '../model/json.js';
import { QmpCommandError } from '../qmp/client.js';
import { isHostProblem, isSourcesFault, outcomeOfDeparture } from './departure.js';
import type { DeviceType } from './device-types.js';
import type { DeviceResult } from './document.js';
import { argumentsFor } from './needs.js';
import { isFault } from './outcome.js';
import type { DeviceOutcome, DeviceStateDifference, DeviceStep } from './outcome.js';
import { compareGivenValues, giveDeviceValues } from './pci-values.js';
import type { ValuesGiven } from './pci-values.js';
import { keepsRegisters } from './registers.js';

/** of each guest: it never runs, so it needs no more */
export const guestRamBytes = 32 * 2 ** 20;

export interface DeviceRequest {
  readonly plan: PairPlan;
  readonly device: DeviceType;
  /** does not exist yet; removed at the end */
  readonly directory: string;
  /** for all of it, milliseconds */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** in tests of Drover */
  readonly interference?: Interference;
}

/** @throws Cancelled when the signal was aborted; both QEMUs have ended then, too */
export async function checkDevice(request: DeviceRequest): Promise<DeviceResult> {
  const { device, directory, plan, signal, timeoutMs, interference } = request;
  const startedAtMs = performance.now();
  const args = argumentsFor(device, guestRamBytes);
  const late = new AbortController();
  const timer = setTimeout(() => {
    late.abort(new Cancelled());
  }, timeoutMs);
  mkdirSync(directory, { mode: 0o700 });
  const context = new TestContext({
    plan,
    directory,
    signal: AbortSignal.any([signal, late.signal]),
    observer: { phase: () => undefined, status: () => undefined },
    guest: { ramBytes: guestRamBytes },
    interference,
  });
  const run = new DeviceRun(context, device, args);
  let outcome: DeviceOutcome;
  try {
    outcome = await run.outcome();
  } catch (error) {
    outcome = await run.judge(error, late.signal.aborted, timeoutMs);
  } finally {
    clearTimeout(timer);
  }
  try {
    outcome = await ended(context, outcome);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  if (signal.aborted) throw new Cancelled();
  const { name, bus, category } = device;
  return {
    device: name,
    ...(bus !== undefined && { bus }),
    category,
    arguments: args,
    durationMs: Math.round(performance.now() - startedAtMs),
    outcome,
  };
}

/** What goes wrong at the end does not hide a fault that was found before. */
async function ended(context: TestContext, outcome: DeviceOutcome): Promise<DeviceOutcome> {
  const words: string[] = [];
  try {
    const reports = await context.endAll();
    if (reports.some(({ survivors }) => survivors))
      words.push('a process started by QEMU outlived it and had to be killed');
  } catch (error) {
    words.push(toFailure(error).message);
  }
  return words.length === 0 || isFault(outcome.kind) ? outcome : { kind: 'broken', words };
}

/** How long a QEMU may take to go, once the other side has seen the migration fail. */
const departureMs = 5000;
/** last lines of a QEMU that are kept */
const keptLines = 6;

class DeviceRun {
  #step: DeviceStep = 'start';
  readonly #machines: Partial<Record<Side, TestMachine>> = {};
  /** those that have answered */
  readonly #up = new Set<Side>();

  constructor(
    private readonly context: TestContext,
    private readonly device: DeviceType,
    private readonly args: readonly string[],
  ) {}

  async outcome(): Promise<DeviceOutcome> {
    const { context } = this;
    const firmware = context.writeGuest();
    const source = await this.#start('source', firmware);
    // The destination starts while the source gets its values: each waits for its own QEMU.
    const starting = this.#start('destination', firmware);
    starting.catch(() => undefined);
    this.#step = 'telling-values';
    await giveTellingValues(source);
    const given = await giveDeviceValues(source, (bar) => keepsRegisters(this.device.name, bar));
    this.#step = 'start';
    const destination = await starting;
    this.#step = 'migration';
    for (const machine of [source, destination]) await setCapability(machine, 'events');
    const uri = `unix:${context.file('migration')}`;
    await migrateIncoming(destination, { uri });
    const arriving = destination.qmp.events.cursor;
    const since = await migrate(source, { uri });
    await Promise.all([
      waitStatus(source, { goal: 'completed', since }),
      waitStatus(destination, { goal: 'completed', since: arriving }),
    ]);
    this.#step = 'comparison';
    const arrival = await compareArrival(source, destination);
    const values = await compareGivenValues(source, destination, given);
    this.#step = 'end';
    return outcomeOf(arrival, values, given);
  }

  async #start(side: Side, firmware: string): Promise<TestMachine> {
    const { machine, connect } = await this.context.launchMachine({
      side,
      firmware,
      memory: { kind: 'anon' },
      paused: true,
      ...(side === 'destination' && { incoming: 'defer' }),
      extraArgs: this.args,
    });
    this.#machines[side] = machine;
    await connect();
    this.#up.add(side);
    return machine;
  }

  async judge(error: unknown, isLate: boolean, timeoutMs: number): Promise<DeviceOutcome> {
    const during = this.#step;
    const failure = toFailure(error);
    if (isLate) {
      // a QEMU that has died is why nothing came
      const gone = await this.#gone();
      if (gone !== undefined) return gone;
      const words = [`not done within ${(timeoutMs / 1000).toFixed(1)} s`];
      return { kind: 'timed-out', during, words };
    }
    if (error instanceof QmpCommandError) {
      const { command, desc, input } = error;
      const words = [desc];
      // A source that cannot reach a destination that is gone refuses `migrate`, too.
      const gone = command === 'migrate' ? await this.#gone() : undefined;
      if (gone !== undefined) return gone;
      if (isHostProblem(words)) return { kind: 'broken', words };
      if (command === 'migrate') return { kind: 'not-migratable', words };
      if (command === 'migrate-incoming')
        return { kind: 'refused', side: 'destination', during, words };
      return { kind: 'broken', words: [error.message, ...(input.details ?? [])] };
    }
    if (failure.code === 'wrong-status') {
      const why = await this.#whySourceFailed();
      if (isSourcesFault(why)) {
        const words = [why];
        return isHostProblem(words)
          ? { kind: 'broken', words }
          : { kind: 'refused', side: 'source', during, words };
      }
      const { destination } = this.#machines;
      await destination?.process.waitForExit(departureMs).catch(() => undefined);
    }
    const gone = await this.#gone();
    if (gone !== undefined) return gone;
    const words = [failure.message, ...(failure.details ?? [])].slice(0, keptLines);
    if (failure.code === 'deadline') return { kind: 'timed-out', during, words };
    const isContract = error instanceof HarnessError && error.blame === 'contract';
    return isContract && during === 'migration'
      ? { kind: 'refused', side: failure.side ?? 'destination', during, words }
      : { kind: 'broken', words };
  }

  /** The source's own words, if its migration failed. */
  async #whySourceFailed(): Promise<string | undefined> {
    const answer = await this.#machines.source?.qmp.execute('query-migrate').catch(() => undefined);
    return answer?.['status'] === 'failed' ? asString(answer['error-desc']) : undefined;
  }

  /** What a QEMU that ended by itself means. */
  async #gone(): Promise<DeviceOutcome | undefined> {
    for (const side of ['source', 'destination'] as const) {
      const machine = this.#machines[side];
      if (machine === undefined || !(await machine.endedByItself())) continue;
      const { code = null, signal = null } = machine.process.status ?? {};
      const { message } = machine.process.gone(undefined);
      return outcomeOfDeparture({
        ...{ side, code, signal, message, during: this.#step },
        wasUp: this.#up.has(side),
        words: wordsOf(machine),
      });
    }
    return undefined;
  }
}

/** The last lines of a QEMU; without its warnings, if it said anything else. */
function wordsOf({ process, binary }: TestMachine): string[] {
  const program = /[^/]*qemu-system-[^/\s]*/.exec(binary.command)?.[0] ?? 'qemu';
  const lines = process
    .outputTail()
    .map((line) => (line.startsWith(`${program}: `) ? line.slice(program.length + 2) : line));
  const errors = lines.filter((line) => !line.startsWith('warning: '));
  return (errors.length > 0 ? errors : lines).slice(-keptLines);
}

function outcomeOf(
  { check, ram, states }: Arrival,
  values: readonly DeviceStateDifference[],
  given: ValuesGiven,
): DeviceOutcome {
  const { sections, blocks, ramBytes, expected, notCompared } = check;
  const [functions, registers] = [given.functions.length, given.registers.length];
  const compared = { sections, blocks, ramBytes, functions, registers, expected, notCompared };
  const differences = [...ramDifferences(ram), ...states.map(stateDifference), ...values];
  return differences.length === 0
    ? { kind: 'equal', ...compared }
    : { kind: 'differs', differences, ...compared };
}

/** Lines that begin with spaces belong to the block above. */
function ramDifferences(lines: readonly string[]): DeviceStateDifference[] {
  const found: { section: string; text: string }[] = [];
  for (const line of lines) {
    const last = found.at(-1);
    if (line.startsWith(' ') && last !== undefined) last.text += `; ${line.trim()}`;
    else found.push({ section: /^RAM block [^:\s]+/.exec(line)?.[0] ?? 'RAM', text: line });
  }
  return found;
}

function stateDifference({ what, ...rest }: Arrival['states'][number]): DeviceStateDifference {
  return { ...rest, text: `${rest.section}${what}` };
}
