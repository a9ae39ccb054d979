/**
 * Where the registers of PCI functions go, and which writes to their configuration put them there:
 * work of firmware, which does not run here. Only functions on bus 0 of a PC. Pure.
 */
import { asArray, asObject, asString } from '../model/json.js';
import type { Json, JsonObject } from '../model/json.js';
import type { PortWidth } from '../qemu/qtest.js';

export interface Bar {
  readonly bar: number;
  readonly kind: 'memory' | 'io';
  readonly size: number;
  readonly is64Bit: boolean;
}

export interface PciFunction {
  readonly slot: number;
  readonly fn: number;
  /** of its device; empty for what the machine brought */
  readonly id: string;
  readonly isBridge: boolean;
  readonly bars: readonly Bar[];
}

/** such as `00:1f.2` */
export const functionName = ({ slot, fn }: Pick<PciFunction, 'slot' | 'fn'>): string =>
  `00:${slot.toString(16).padStart(2, '0')}.${fn}`;

/** BAR 6 is QEMU's name for the ROM, which no telling value needs. */
const romBar = 6;

const numberOf = (value: Json | undefined): number => (typeof value === 'number' ? value : 0);

/** The functions on bus 0, from the answer of `query-pci`. */
export function readPciFunctions(answer: Json): PciFunction[] {
  const root = asArray(answer)
    .map(asObject)
    .find(({ bus }) => bus === 0);
  return asArray(root?.['devices'] ?? []).map((one) => {
    const found = asObject(one);
    return {
      slot: numberOf(found['slot']),
      fn: numberOf(found['function']),
      id: asString(found['qdev_id']) ?? '',
      isBridge: 'pci_bridge' in found,
      bars: asArray(found['regions'] ?? [])
        .map(asObject)
        .map(barOf),
    };
  });
}

const barOf = (region: JsonObject): Bar => ({
  bar: numberOf(region['bar']),
  kind: region['type'] === 'io' ? 'io' : 'memory',
  size: numberOf(region['size']),
  is64Bit: region['mem_type_64'] === true,
});

export interface ConfigWrite {
  readonly slot: number;
  readonly fn: number;
  readonly register: number;
  readonly width: PortWidth;
  readonly value: number;
}

export interface PlacedBar extends Bar {
  readonly address: number;
}

export interface PlacedFunction {
  readonly function: PciFunction;
  readonly writes: readonly ConfigWrite[];
  readonly bars: readonly PlacedBar[];
}

const MiB = 2 ** 20;
const GiB = 2 ** 30;

/** Room that neither board nor small RAM uses, with its end. Pieces are aligned to their size. */
class Window {
  constructor(
    private next: number,
    private readonly end: number,
  ) {}

  take(size: number): number | undefined {
    const address = Math.ceil(this.next / size) * size;
    if (address + size > this.end) return undefined;
    this.next = address + size;
    return address;
  }
}

/** below it large memory BARs of 64 bits find no room */
const largeBytes = 256 * MiB;

const registers = { command: 4, cacheLine: 0x0c, latency: 0x0d, firstBar: 0x10 } as const;
const busNumbers = 0x18;
const interruptLine = 0x3c;
/** decode I/O and memory, master the bus */
const allOn = 7;

/** Every BAR has a place of its own; a BAR without room stays where it is. */
export function placeFunctions(functions: readonly PciFunction[]): PlacedFunction[] {
  const io = new Window(0xc000, 0x10000);
  const low = new Window(0xc000_0000, 0xfd00_0000);
  const high = new Window(32 * GiB, 512 * GiB);
  let bridges = 0;
  return functions.map((each) => {
    const { slot, fn, isBridge } = each;
    const bars = each.bars.flatMap((bar): PlacedBar[] => {
      if (bar.bar === romBar || bar.size === 0) return [];
      const memory = bar.is64Bit && bar.size >= largeBytes ? high : low;
      const address = (bar.kind === 'io' ? io : memory).take(bar.size);
      return address === undefined ? [] : [{ ...bar, address }];
    });
    const write = (width: PortWidth, register: number, value: number): ConfigWrite => ({
      ...{ slot, fn, register, width, value },
    });
    if (isBridge) bridges += 1;
    const writes = [
      ...bars.flatMap(({ bar, address, is64Bit }) => {
        const register = registers.firstBar + 4 * bar;
        const half = write('l', register, address % 2 ** 32);
        return is64Bit ? [half, write('l', register + 4, Math.floor(address / 2 ** 32))] : [half];
      }),
      write('b', registers.cacheLine, 0x10),
      write('b', registers.latency, 0x40),
      write('b', interruptLine, 0x5a ^ ((slot << 3) | fn)),
      // primary, secondary and subordinate bus
      ...(isBridge ? [0, bridges, bridges].map((bus, at) => write('b', busNumbers + at, bus)) : []),
      write('w', registers.command, allOn),
    ];
    return { function: each, writes, bars };
  });
}
