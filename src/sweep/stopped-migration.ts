/**
 * A source and a destination are started and never run, the source gets telling values and
 * migrates, and both are compared.
 */
import type { Side } from '../model/outcome.js';
import { compareArrival } from '../migration/arrival/arrival-check.js';
import type { Arrival } from '../migration/arrival/arrival-check.js';
import { migrate, migrateIncoming, setCapability } from '../migration/commands.js';
import type { TestMachine } from '../migration/context.js';
import { waitStatus } from '../migration/waits.js';
import type { DeviceStateDifference, SweepOutcome } from './outcome.js';
import type { SweepRun } from './sweep-run.js';

export interface StoppedMigration {
  /** beside the machine, on both sides */
  readonly args: readonly string[];
  /** default: the machine's own */
  readonly firmware?: string | undefined;
  readonly giveValues: (source: TestMachine) => Promise<GivenValues>;
}

/** What the source got. */
export interface GivenValues {
  /** PCI functions and registers of a device */
  readonly functions: number;
  readonly registers: number;
  /** reads the values again on both sides */
  readonly compare?: (
    source: TestMachine,
    destination: TestMachine,
  ) => Promise<readonly DeviceStateDifference[]>;
}

export async function migrateStopped(
  run: SweepRun,
  { args, firmware, giveValues }: StoppedMigration,
): Promise<SweepOutcome> {
  const { context } = run;
  const start = async (side: Side): Promise<TestMachine> =>
    await context.startMachine({
      side,
      firmware,
      memory: { kind: 'anon' },
      paused: true,
      ...(side === 'destination' && { incoming: 'defer' }),
      extraArgs: args,
    });
  const source = await start('source');
  // The destination starts while the source gets its values: each waits for its own QEMU.
  const starting = start('destination');
  starting.catch(() => undefined);
  run.step = 'telling-values';
  const given = await giveValues(source);
  run.step = 'start';
  const destination = await starting;
  run.step = 'migration';
  for (const machine of [source, destination]) await setCapability(machine, 'events');
  const uri = `unix:${context.file('migration')}`;
  await migrateIncoming(destination, { uri });
  const arriving = destination.qmp.events.cursor;
  const since = await migrate(source, { uri });
  await Promise.all([
    waitStatus(source, { goal: 'completed', since }),
    waitStatus(destination, { goal: 'completed', since: arriving }),
  ]);
  run.step = 'comparison';
  const arrival = await compareArrival(source, destination);
  const values = (await given.compare?.(source, destination)) ?? [];
  run.step = 'end';
  return outcomeOf(arrival, values, given);
}

function outcomeOf(
  { check, ram, states }: Arrival,
  values: readonly DeviceStateDifference[],
  { functions, registers }: GivenValues,
): SweepOutcome {
  const { sections, blocks, ramBytes, expected, notCompared } = check;
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
