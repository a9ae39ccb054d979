import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NativeBlock } from '../../native/image-addon.js';
import { diffPlan } from './diff-plan.js';
import type { ImageShape } from './diff-plan.js';

function block(name: string, length: number, address?: number): NativeBlock {
  const places = address === undefined ? [] : [{ address, blockOffset: 0, length }];
  return { name, length, pageBytes: 4096, places, contentElsewhere: false };
}

const shape = (format: string, ...blocks: NativeBlock[]): ImageShape => ({
  label: format,
  format,
  machine: format === 'stream' ? 'pc-i440fx-7.2' : null,
  blocks,
});

const everything = { ranges: [], block: undefined };

test('two streams are compared block by block, and a block of one side is a difference', () => {
  const a = shape('stream', block('ram', 0x10000, 0), block('rom', 0x2000));
  const b = shape('stream', block('vga', 0x1000), block('ram', 0x8000, 0));
  const plan = diffPlan(a, b, everything);
  assert.deepEqual(
    plan.comparisons.map(({ what, request }) => [what, request]),
    [
      [
        'block ram',
        { firstBlock: 0, firstStart: 0, secondBlock: 1, secondStart: 0, length: 0x8000 },
      ],
    ],
  );
  assert.deepEqual(plan.missing, [
    'block ram: 65536 bytes in A, 32768 in B',
    'block rom is only in A',
    'block vga is only in B',
  ]);
});

test('a block whose content is elsewhere is not compared, and that is said', () => {
  const ignored = { ...block('ram', 0x1000, 0), contentElsewhere: true };
  const plan = diffPlan(
    shape('stream', ignored),
    shape('stream', block('ram', 0x1000, 0)),
    everything,
  );
  assert.deepEqual([plan.comparisons, plan.missing], [[], []]);
  assert.match(plan.notes[0]!, /block ram is not compared/);
});

test('a stream and a dump are compared where both have guest addresses, without the shadowed part', () => {
  const stream = shape(
    'stream',
    block('pc.ram', 0x800000, 0),
    block('pc.bios', 0x10000, 0xffff0000),
  );
  const dump = shape('raw', block('memory', 0x400000, 0));
  const plan = diffPlan(stream, dump, everything);
  assert.deepEqual(
    plan.comparisons.map(({ request }) => [request.firstBlock, request.firstStart, request.length]),
    [
      [null, 0, 0xa0000],
      [null, 0x100000, 0x300000],
    ],
  );
  assert.match(plan.notes[0]!, /0xa0000-0x100000, where a PC shows ROM/);
  assert.match(plan.notes[1]!, /of A have nothing to be compared with/);
});

test('two dumps are compared everywhere, the shadowed part too', () => {
  const dump = shape('raw', block('memory', 0x400000, 0));
  assert.deepEqual(
    diffPlan(dump, dump, everything).comparisons.map(({ request }) => request.length),
    [0x400000],
  );
});

test('a range is compared as it is asked for', () => {
  const dump = shape('raw', block('memory', 0x400000, 0));
  const plan = diffPlan(dump, dump, {
    ranges: [{ start: 0xa0000, end: 0xb0000 }],
    block: undefined,
  });
  assert.deepEqual(plan.comparisons[0]?.request, {
    ...{ firstBlock: null, firstStart: 0xa0000, secondBlock: null, secondStart: 0xa0000 },
    length: 0x10000,
  });
});

test('sources without a common address are refused, with what each has', () => {
  const a = shape('raw', block('memory', 0x1000, 0));
  const b = shape('elf', block('memory', 0x1000, 0x10000));
  assert.throws(() => diffPlan(a, b, everything), /have no guest address in common/);
});
