/**
 * Telling values for PCI functions, by qtest: a value that every reset gives leaves no trace when a
 * migration loses it. Configuration of all functions on bus 0, and registers of the device that is
 * examined.
 */
import type { TestMachine } from '../migration/context.js';
import { asObject } from '../model/json.js';
import { deviceId } from './needs.js';
import { placeFunctions, readPciFunctions } from './pci-layout.js';
import type { ConfigWrite, PlacedBar } from './pci-layout.js';

export interface ValuesGiven {
  readonly functions: number;
  /** that kept the value */
  readonly registers: number;
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
  let registers = 0;
  for (const { bars } of placed.filter((each) => each.function.id === deviceId)) {
    const [first] = bars.toSorted((a, b) => a.bar - b.bar);
    if (first !== undefined && mayFill(first.bar)) registers += await fillRegisters(machine, first);
  }
  // an answer from the main loop: what the writes have set off there is through
  asObject(await qmp.executeRaw('query-status', undefined, { signal: context.signal }));
  return { functions: placed.length, registers };
}

async function configure(
  { qtest }: TestMachine,
  { slot, fn, register, width, value }: ConfigWrite,
): Promise<void> {
  const address = (0x8000_0000 | (slot << 11) | (fn << 8) | (register & ~3)) >>> 0;
  await Promise.all([
    qtest.outPort('l', addressPort, address),
    qtest.outPort(width, dataPort + (register & 3), value),
  ]);
}

/** A register that does not read back as written gets what it had. @returns how many kept it */
async function fillRegisters({ qtest }: TestMachine, bar: PlacedBar): Promise<number> {
  const { kind, address, size } = bar;
  const isPort = kind === 'io';
  const read = async (at: number): Promise<number> =>
    isPort ? await qtest.inPort('l', at) : (await qtest.read(at, 4)).readUInt32LE();
  const write = async (at: number, value: number): Promise<void> => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    await (isPort ? qtest.outPort('l', at, value) : qtest.write(at, bytes));
  };
  let kept = 0;
  for (let offset = 0; offset + 4 <= Math.min(size, registerBytes); offset += 4) {
    const at = address + offset;
    // qtest answers in order
    const [before, , after] = await Promise.all([read(at), write(at, registerValue), read(at)]);
    if (after === registerValue) kept += 1;
    else await write(at, before);
  }
  return kept;
}
