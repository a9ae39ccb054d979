import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NativeBlock } from '../../../native/image-addon.js';
import { diffPlan } from './diff-plan.js';
import type { ImageShape } from './diff-plan.js';

function block(name: string, length: number, address?: number): NativeBlock {
  const places = address === undefined ? [] : [{ address, blockOffset: 0, length }];
  return {
    name,
    length,
    pageBytes: 4096,
    places,
    mainMemory: !/bios|rom|vga/.test(name),
    contentElsewhere: false,
  };
}

const shape = (format: string, ...blocks: NativeBlock[]): ImageShape => ({
  label: format,
  format,
  machine: format === 'stream' ? 'pc-i440fx-7.2' : null,
  devicesAlone: format === 'stream' && blocks.length === 0,
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

test('blocks are no difference from a stream that holds device state alone: RAM is not compared', () => {
  const whole = shape('stream', block('ram', 0x10000, 0));
  const alone = shape('stream');
  const rows = [
    [alone, whole, ['RAM: A holds device state alone']],
    [whole, alone, ['RAM: B holds device state alone']],
    [alone, alone, []],
  ] as const;
  for (const [a, b, notCompared] of rows) {
    assert.deepEqual(diffPlan(a, b, everything), {
      ...{ comparisons: [], missing: [], notes: [] },
      notCompared,
    });
  }
});

test('a block whose content is not in the file is not compared, and that is said', () => {
  const ignored = { ...block('ram', 0x1000, 0), contentElsewhere: true };
  const plan = diffPlan(
    shape('stream', ignored),
    shape('stream', block('ram', 0x1000, 0)),
    everything,
  );
  assert.deepEqual([plan.comparisons, plan.missing], [[], []]);
  assert.match(plan.notCompared[0]!, /block ram: its content is not in the stream/);
  const dump = shape('raw', block('memory', 0x2000, 0));
  const byAddress = shape('stream', ignored, block('more', 0x1000, 0x1000));
  assert.match(diffPlan(byAddress, dump, everything).notCompared[0]!, /block ram: .* in A/);
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
  assert.match(plan.notCompared[0]!, /of A have nothing to be compared with: 0x400000-0x800000$/);
});

test('main memory that one side lacks or that has no address is not compared; the memory of devices is a note', () => {
  const dump = (...ranges: [number, number][]): ImageShape => ({
    ...shape('elf'),
    blocks: [
      {
        ...block('memory', Math.max(...ranges.map(([, end]) => end))),
        places: ranges.map(([start, end]) => ({
          ...{ address: start, blockOffset: start, length: end - start },
        })),
      },
    ],
  });
  const bios = block('pc.bios', 0x10000, 0xffff0000);
  const vga = block('vga.vram', 0x1000000);
  const stream = shape('stream', block('pc.ram', 0x800000, 0), bios, vga);
  const withDimm = shape('stream', block('pc.ram', 0x800000, 0), block('dimm', 0x800000));
  const raw = shape('raw', block('memory', 0x800000, 0));
  const low: [number, number] = [0, 0x800000];
  const rows: [ImageShape, ImageShape, RegExp | undefined][] = [
    [stream, raw, undefined],
    [stream, dump(low, [0xffff0000, 0x1_0000_0000]), undefined],
    [stream, dump(low, [0xd0000000, 0xd1000000]), undefined],
    [
      stream,
      dump(low, [0x1000000, 0x1001000]),
      /of B have nothing to be compared with: 0x1000000-0x1001000$/,
    ],
    [stream, dump([0, 0x1800000]), /of B have nothing to be compared with: 0x800000-0x1800000$/],
    [withDimm, raw, /block dimm: the guest address of 8,388,608 bytes in A is not known/],
    [dump([0, 0xa0000], [0xc0000, 0x800000]), raw, undefined],
    [dump([0, 0xa0000]), raw, /of B have nothing to be compared with: 0xa0000-0x800000$/],
    [
      dump(low, [0xffff0000, 0x1_8000_0000]),
      raw,
      /of A have nothing to be compared with: 0xffff0000-0x180000000$/,
    ],
  ];
  for (const [a, b, reason] of rows) {
    const [first, second] = diffPlan(a, b, everything).notCompared;
    assert.equal(second, undefined);
    if (reason === undefined) assert.equal(first, undefined);
    else assert.match(first ?? 'nothing', reason);
  }
  assert.match(
    diffPlan(raw, shape('raw', block('memory', 0x900000, 0)), everything).missing[0]!,
    /1,048,576 bytes of B have nothing/,
  );
});

test('two dumps are compared everywhere, the shadowed part too', () => {
  const dump = shape('raw', block('memory', 0x400000, 0));
  assert.deepEqual(
    diffPlan(dump, dump, everything).comparisons.map(({ request }) => request.length),
    [0x400000],
  );
});

test(
  'a dump of very many ranges is soon set against raw memory, whose gaps are not compared',
  { timeout: 30_000 },
  () => {
    const count = 60_000;
    const places = Array.from({ length: count }, (_, index) => ({
      address: index * 0x2000,
      blockOffset: index * 0x2000,
      length: 0x1000,
    }));
    const dump = shape('lime', { ...block('memory', count * 0x2000), places });
    const raw = shape('raw', block('memory', count * 0x2000, 0));
    const plan = diffPlan(dump, raw, everything);
    assert.equal(plan.comparisons.length, count);
    // 48 gaps lie where a PC has VGA and ROM.
    assert.match(plan.notes.join(), /^196,608 bytes of B have nothing/);
    assert.match(plan.notCompared.join(), /^245,563,392 bytes of B have nothing/);
  },
);

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

test('a range that begins within a page is refused with its page size', () => {
  const stream = shape('stream', block('ram', 0x10000, 0x8000));
  const scope = (start: number, name?: string): Parameters<typeof diffPlan>[2] => ({
    ranges: [{ start, end: 0x9000 }],
    block: name,
  });
  for (const bad of [scope(0x8064), scope(0x64, 'ram')]) {
    assert.throws(
      () => diffPlan(stream, stream, bad),
      /--range: 0x(80)?64-0x9000 begins within a page; begin it with a page of 4096 bytes/,
    );
  }
  for (const good of [scope(0x8000), scope(0x1000, 'ram')]) {
    assert.equal(diffPlan(stream, stream, good).comparisons.length, 1);
  }
  const odd = shape('raw', block('memory', 0x10000, 0x64));
  assert.equal(diffPlan(odd, odd, scope(0x1064)).comparisons.length, 1);
});
