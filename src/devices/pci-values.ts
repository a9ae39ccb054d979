/**
 * Telling values for PCI functions, by qtest: a value that every reset gives leaves no trace when a
 * migration loses it. Configuration of all functions on bus 0, and registers of the device that is
 * examined. After the migration both sides are asked for them again: a device that sends no state
 * loses them, and no section shows.
 */
import type { TestMachine } from '../migration/context.js';
import { both } from '../model/both.js';
import { asObject } from '../model/json.js';
import { hex } from '../model/text/format.js';
import { deviceId } from './needs.js';
import type { DeviceStateDifference } from '../sweep/outcome.js';
import { functionName, placeFunctions, readPciFunctions } from './pci-layout.js';
import type { ConfigWrite, PlacedBar, PlacedFunction } from './pci-layout.js';

/** A register of a BAR that kept its value. */
export interface KeptRegister {
  readonly bar: PlacedBar;
  readonly offset: number;
}

export interface ValuesGiven {
  readonly functions: readonly PlacedFunction[];
  readonly registers: readonly KeptRegister[];
}

const addressPort = 0xcf8;
const dataPort = 0xcfc;

/** registers beyond are left alone */
const registerBytes = 256;
/**
 * Small, so that a register that takes it for the number of a page, or for an address, gets one in
 * RAM.
 */
const registerValue = 0x1a5;

/** @param mayFill whether the registers of a BAR of the device may get values */
export async function giveDeviceValues(
  machine: TestMachine,
  mayFill: (bar: number) => boolean,
): Promise<ValuesGiven> {
  const { qmp, context } = machine;
  // A machine without PCI refuses, or has no bus.
  const answer = await qmp.executeRaw('query-pci', undefined, { signal: context.signal });
  const placed = placeFunctions(readPciFunctions(answer));
  for (const { writes } of placed) await Promise.all(writes.map((one) => configure(machine, one)));
  const registers: KeptRegister[] = [];
  for (const { bars } of placed.filter(isExamined)) {
    const [first] = bars.toSorted((a, b) => a.bar - b.bar);
    if (first !== undefined && mayFill(first.bar))
      registers.push(...(await fillRegisters(machine, first)));
  }
  // an answer from the main loop: what the writes have set off there is through
  asObject(await qmp.executeRaw('query-status', undefined, { signal: context.signal }));
  return { functions: placed, registers };
}

const isExamined = (each: PlacedFunction): boolean => each.function.id === deviceId;

/**
 * What both sides read where values were written. It changes the address that the configuration
 * port keeps, so it comes after the comparison of device state.
 */
export async function compareGivenValues(
  source: TestMachine,
  destination: TestMachine,
  { functions, registers }: ValuesGiven,
): Promise<DeviceStateDifference[]> {
  const found: DeviceStateDifference[] = [];
  for (const placed of functions) {
    const { writes } = placed;
    const [ours, theirs] = await both(
      readConfiguration(source, writes),
      readConfiguration(destination, writes),
    );
    found.push(
      ...differingValues(`PCI function ${functionName(placed.function)}`, writes, ours, theirs),
    );
  }
  // without its configuration, none of its registers is in its place
  if (found.length > 0) return found;
  for (const { bar, offset } of registers) {
    const [value, other] = await both(
      readRegister(source, bar, offset),
      readRegister(destination, bar, offset),
    );
    // one that another register's value has changed tells nothing
    if (value !== registerValue || other === value) continue;
    found.push(
      valueDifference('registers of the device', `BAR ${bar.bar}, ${hex(offset)}`, value, other),
    );
  }
  return found;
}

/** Pure. @param ours what the source reads, in the order of the writes */
export function differingValues(
  section: string,
  writes: readonly Pick<ConfigWrite, 'register'>[],
  ours: readonly number[],
  theirs: readonly number[],
): DeviceStateDifference[] {
  return writes.flatMap(({ register }, index) => {
    const [a, b] = [ours[index] ?? 0, theirs[index] ?? 0];
    return a === b ? [] : [valueDifference(section, `configuration ${hex(register)}`, a, b)];
  });
}

function valueDifference(
  section: string,
  field: string,
  a: number,
  b: number,
): DeviceStateDifference {
  const [source, destination] = [hex(a), hex(b)];
  const text = `${section}: ${field} reads ${source} at the source, ${destination} at the destination`;
  return { section, field, source, destination, text };
}

const configAddress = ({ slot, fn, register }: ConfigWrite): number =>
  (0x8000_0000 | (slot << 11) | (fn << 8) | (register & ~3)) >>> 0;

async function readConfiguration(
  { qtest }: TestMachine,
  writes: readonly ConfigWrite[],
): Promise<number[]> {
  // qtest answers in order
  return await Promise.all(
    writes.map(async (one) => {
      const [, value] = await Promise.all([
        qtest.outPort('l', addressPort, configAddress(one)),
        qtest.inPort(one.width, dataPort + (one.register & 3)),
      ]);
      return value;
    }),
  );
}

async function readRegister(
  { qtest }: TestMachine,
  { kind, address }: PlacedBar,
  offset: number,
): Promise<number> {
  return kind === 'io'
    ? await qtest.inPort('l', address + offset)
    : (await qtest.read(address + offset, 4)).readUInt32LE();
}

async function configure({ qtest }: TestMachine, one: ConfigWrite): Promise<void> {
  await Promise.all([
    qtest.outPort('l', addressPort, configAddress(one)),
    qtest.outPort(one.width, dataPort + (one.register & 3), one.value),
  ]);
}

/** A register that does not read back as written gets what it had. @returns those that kept it */
async function fillRegisters(machine: TestMachine, bar: PlacedBar): Promise<KeptRegister[]> {
  const { kind, address, size } = bar;
  const { qtest } = machine;
  const write = async (at: number, value: number): Promise<void> => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    await (kind === 'io' ? qtest.outPort('l', at, value) : qtest.write(at, bytes));
  };
  const kept: KeptRegister[] = [];
  for (let offset = 0; offset + 4 <= Math.min(size, registerBytes); offset += 4) {
    const at = address + offset;
    // qtest answers in order
    const [before, , after] = await Promise.all([
      readRegister(machine, bar, offset),
      write(at, registerValue),
      readRegister(machine, bar, offset),
    ]);
    if (after === registerValue) kept.push({ bar, offset });
    else await write(at, before);
  }
  return kept;
}
