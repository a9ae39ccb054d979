/**
 * A value that is the default leaves no trace when a migration loses it. So before a migration
 * devices get values that no reset gives, and RAM that the guest does not write gets pages that are
 * hard to send: zero at first and not later, all alike, noise. What the processor keeps is the
 * guest's own work (guest/README.md).
 */
import { createHash } from 'node:crypto';
import type { Range } from '../../model/text/sizes.js';
import type { PortWidth } from '../../qemu/qtest.js';
import { timerRounds } from '../timer-rounds.js';
import type { TestMachine } from '../context.js';

type PortWrite = readonly [width: PortWidth, port: number, value: number];

/** address of a register of a PCI function on bus 0, for port 0xcf8 */
const pci = (device: number, fn: number, register: number): number =>
  (0x80000000 | (device << 11) | (fn << 8) | register) >>> 0;

const cmosPorts: readonly PortWrite[] = [
  // memory behind the clock
  ...[0x40, 0x41, 0x7e].flatMap((register): PortWrite[] => [
    ['b', 0x70, register],
    ['b', 0x71, register ^ 0x5a],
  ]),
  // another year: the clock goes on from there
  ['b', 0x70, 0x0b],
  ['b', 0x71, 0x82],
  ['b', 0x70, 0x09],
  ['b', 0x71, 0x37],
  ['b', 0x70, 0x0b],
  ['b', 0x71, 0x02],
];

const commonPorts: readonly PortWrite[] = [
  // serial port: scratch register, even parity
  ['b', 0x3ff, 0xa5],
  ['b', 0x3fb, 0x1b],
  // mode of the keyboard controller: both ports off
  ['b', 0x64, 0x60],
  ['b', 0x60, 0x30],
  // timer 2, which raises no interrupt: mode 3, a count of its own
  ['b', 0x43, 0xb6],
  ['b', 0x42, 0x34],
  ['b', 0x42, 0x12],
  // masks of the interrupt controllers, page of DMA channel 2
  ['b', 0x21, 0xb8],
  ['b', 0xa1, 0x8e],
  ['b', 0x81, 0x5a],
  // VGA: memory of all planes at 0xa0000, a cursor that is elsewhere
  ['b', 0x3c2, 0x67],
  ['w', 0x3c4, 0x0f02],
  ['w', 0x3c4, 0x0e04],
  ['w', 0x3ce, 0x0506],
  ['w', 0x3d4, 0x5a0e],
];

/** once the block is there: an event that never comes is enabled */
const powerEvents: readonly PortWrite[] = [['w', 0x602, 0x20]];

/** the power-management block at 0x600, where the guest puts it too, and an interrupt line */
const boards: readonly (readonly [RegExp, readonly PortWrite[]])[] = [
  [
    /^pc-q35/,
    [
      ['l', 0xcf8, pci(0x1f, 0, 0x40)],
      ['l', 0xcfc, 0x601],
      ['l', 0xcf8, pci(0x1f, 0, 0x44)],
      ['b', 0xcfc, 0x80],
      ...powerEvents,
      ['l', 0xcf8, pci(0x1f, 2, 0x3c)],
      ['b', 0xcfc, 0x0b],
    ],
  ],
  [
    /^pc-i440fx/,
    [
      ['l', 0xcf8, pci(1, 3, 0x40)],
      ['l', 0xcfc, 0x601],
      ['l', 0xcf8, pci(1, 3, 0x80)],
      ['b', 0xcfc, 1],
      ...powerEvents,
      ['l', 0xcf8, pci(1, 1, 0x3c)],
      ['b', 0xcfc, 0x0b],
    ],
  ],
];

const vgaWindow = 0xa0000;
const hpetCounter = 0xfed000f0;
const ioApic = 0xfec00000;
const pageBytes = 4096;
/** pages of each kind */
const pagesOfKind = 8;

/** Bytes that follow from a seed and look like noise. */
function noise(seed: number): Buffer {
  return createHash('shake256', { outputLength: pageBytes }).update(`${seed}`).digest();
}

/** pages that take a careless sender for zero, for all alike, or for what their neighbour is */
const pageKinds: readonly ((seed: number) => Buffer)[] = [
  (seed) => noise(seed),
  (seed) => noise(seed).fill(0, 0, 8),
  (seed) => noise(seed).fill(0, 0, 64),
  (seed) => noise(seed).fill(0, 0, pageBytes - 1),
  (seed) => Buffer.alloc(pageBytes, (seed % 255) + 1),
];

/**
 * The guest runs or is stopped; it does not use what is written here. A guest that looks at its
 * timers has given the clock and the HPET such values itself.
 */
export async function giveTellingValues(machine: TestMachine): Promise<void> {
  const { spec, context } = machine;
  const last = spec.ramRegions.at(-1);
  const end = (last?.address ?? 0) + (last?.size ?? 0);
  await giveBoardValues(machine);
  await givePages(machine, { start: context.platform.range.end, end });
}

/** Those of devices that are part of the machine. */
export async function giveBoardValues(machine: TestMachine): Promise<void> {
  const { qtest, spec } = machine;
  const work: Promise<void>[] = [];
  if (spec.arch === 'x86_64' || spec.arch === 'i386') {
    const board = boards.find(([type]) => type.test(spec.machine))?.[1] ?? [];
    const hasTimers = (await timerRounds(machine)) > 0;
    for (const [width, port, value] of [
      ...(hasTimers ? [] : cmosPorts),
      ...commonPorts,
      ...board,
    ]) {
      work.push(qtest.outPort(width, port, value));
    }
    work.push(qtest.write(vgaWindow, noise(1)));
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64LE(0x5a17_0000_1234n);
    if (!hasTimers) work.push(qtest.write(hpetCounter, counter));
    // line 5: masked, with a vector
    const [select, entry] = [Buffer.from([0x1a, 0, 0, 0]), Buffer.from([0x35, 0, 1, 0])];
    work.push(qtest.write(ioApic, select), qtest.write(ioApic + 0x10, entry));
  }
  await Promise.all(work);
}

/** Pages of every kind in memory that the guest does not use, if they have room there. */
export async function givePages({ qtest }: TestMachine, { start, end }: Range): Promise<void> {
  const work: Promise<void>[] = [];
  const needed = pageKinds.length * pagesOfKind * pageBytes;
  const free = end - start;
  if (free >= needed) {
    const apart = Math.floor(free / (pageKinds.length * pagesOfKind) / pageBytes) * pageBytes;
    for (let index = 0; index < pageKinds.length * pagesOfKind; index++) {
      const page = pageKinds[index % pageKinds.length]?.(index);
      if (page !== undefined) work.push(qtest.write(start + index * apart, page));
    }
    // the page that is lost when one page too few is counted
    work.push(qtest.write(end - pageBytes, noise(pageKinds.length * pagesOfKind)));
  }
  await Promise.all(work);
}
