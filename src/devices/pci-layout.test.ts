import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placeFunctions, readPciFunctions } from './pci-layout.js';
import type { Bar, PciFunction, PlacedFunction } from './pci-layout.js';

const MiB = 2 ** 20;
const GiB = 2 ** 30;

function functionOf(slot: number, bars: readonly Partial<Bar>[], isBridge = false): PciFunction {
  const usual = { bar: 0, kind: 'memory', size: 4096, is64Bit: false } as const;
  return { slot, fn: 0, id: '', isBridge, bars: bars.map((bar) => ({ ...usual, ...bar })) };
}

test('functions on bus 0 are read from query-pci, those behind bridges are not', () => {
  const region = { bar: 2, size: 32, type: 'io', address: -1 };
  const wide = { bar: 4, size: 16384, type: 'memory', mem_type_64: true, address: -1 };
  const [first, second] = readPciFunctions([
    { bus: 1, devices: [{ slot: 9, function: 0 }] },
    {
      bus: 0,
      devices: [
        { slot: 1, function: 2, qdev_id: 'dut', regions: [region, wide] },
        { slot: 2, function: 0, qdev_id: '', regions: [], pci_bridge: { bus: {} } },
      ],
    },
  ]);
  assert.deepEqual(first, {
    ...{ slot: 1, fn: 2, id: 'dut', isBridge: false },
    bars: [
      { bar: 2, kind: 'io', size: 32, is64Bit: false },
      { bar: 4, kind: 'memory', size: 16384, is64Bit: true },
    ],
  });
  assert.equal(second?.isBridge, true);
  assert.deepEqual(readPciFunctions([]), [], 'a machine without PCI');
});

test('BARs have places of their own, aligned to their size, whatever the sizes', () => {
  // sizes from a small generator: the same in each run
  let state = 7;
  const next = (limit: number): number => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return state % limit;
  };
  const functions = Array.from({ length: 20 }, (_, slot) =>
    functionOf(slot, [
      { bar: 0, size: 2 ** (4 + next(22)) },
      { bar: 2, kind: 'io', size: 2 ** (2 + next(7)) },
      { bar: 4, size: 2 ** (12 + next(18)), is64Bit: true },
    ]),
  );
  const placed = placeFunctions(functions).flatMap(({ bars }) => bars);
  assert.ok(placed.length > 50, String(placed.length));
  for (const { address, size } of placed) assert.equal(address % size, 0);
  for (const kind of ['memory', 'io'] as const) {
    const sorted = placed.filter((bar) => bar.kind === kind).sort((a, b) => a.address - b.address);
    for (const [index, { address, size }] of sorted.entries()) {
      const above = sorted[index + 1];
      assert.ok(above === undefined || address + size <= above.address);
    }
  }
});

test('a large BAR of 64 bits lies above 4 GiB, both halves written; one without room stays unset', () => {
  const [one] = placeFunctions([
    functionOf(3, [
      { bar: 2, size: 4 * GiB, is64Bit: true },
      { bar: 4, size: 2 * GiB },
    ]),
  ]);
  assert.ok(one !== undefined);
  assert.deepEqual(
    one.bars.map(({ bar, address }) => [bar, address]),
    [[2, 32 * GiB]],
  );
  const halves = one.writes.filter(({ width }) => width === 'l');
  assert.deepEqual(
    halves.map(({ register, value }) => [register, value]),
    [
      [0x18, 0],
      [0x1c, 8],
    ],
  );
});

test('a function decodes only once its BARs are set, the ROM is left alone, a bridge has bus numbers', () => {
  const [one, other] = placeFunctions([
    functionOf(1, [{ bar: 6, size: MiB }, { bar: 1 }]),
    functionOf(2, [], true),
  ]);
  assert.ok(one !== undefined && other !== undefined);
  assert.deepEqual(
    one.bars.map(({ bar }) => bar),
    [1],
  );
  assert.deepEqual(one.writes.at(-1), { slot: 1, fn: 0, register: 4, width: 'w', value: 7 });
  const registers = (placed: PlacedFunction): number[] =>
    placed.writes.map(({ register }) => register);
  assert.ok(!registers(one).includes(0x30) && !registers(one).includes(0x18));
  for (const at of [0x18, 0x19, 0x1a]) assert.ok(registers(other).includes(at));
  const line = (placed: PlacedFunction): number | undefined =>
    placed.writes.find(({ register }) => register === 0x3c)?.value;
  assert.notEqual(line(one), line(other), 'each function has a value of its own');
});
