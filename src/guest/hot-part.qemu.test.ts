/** A guest whose slices have hot parts, on real QEMUs: both parts obey the rule, in their shares. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { contextFor, planFor, stoppedMachine } from '../migration/context.fixtures.js';
import type { TestContext, TestMachine } from '../migration/context.js';
import { Scratch } from '../model/scratch.fixtures.js';
import { pageAt } from '../model/stamps.js';
import { stateOf } from '../model/verdict.js';
import type { MemoryVerdict, SliceVerdict } from '../model/verdict.js';
import { realQemu, realQemus } from '../qemu/qemus.fixtures.js';
import type { RealQemu } from '../qemu/qemus.fixtures.js';
import { guestContract as contract } from './contract.js';
import { guestPlatform } from './platforms.js';
import type { GuestShape } from './shape.js';

const MiB = 2 ** 20;
const GiB = 2 ** 30;

async function withGuest(
  qemu: RealQemu,
  shape: GuestShape,
  body: (machine: TestMachine, context: TestContext) => Promise<void>,
): Promise<void> {
  await withContext(qemu, shape, async (context) => {
    await body(await stoppedMachine(context, { kind: 'memfd' }), context);
  });
}

async function withContext(
  qemu: RealQemu,
  shape: GuestShape,
  body: (context: TestContext) => Promise<void>,
): Promise<void> {
  using scratch = new Scratch();
  const plan = await planFor(qemu, scratch.directory);
  await using context = contextFor(plan, scratch.directory, shape);
  await body(context);
}

async function verdictOf(machine: TestMachine, context: TestContext): Promise<MemoryVerdict> {
  return await (await machine.ram(context.stamped)).checkStopped(context.stamped);
}

/** stamps that the pages of a slice have got */
function stamps({ start, pages, generation, edge }: SliceVerdict, context: TestContext): number {
  const { step, hole } = context.stamped;
  const own = hole !== undefined && start < hole.start ? hole : undefined;
  const done = edge === null ? pages : pageAt({ start, step, hole: own }, edge);
  return (generation - 1) * pages + done;
}

async function run(machine: TestMachine, ms: number): Promise<void> {
  await machine.qmp.execute('cont');
  await sleep(ms);
  await machine.qmp.execute('stop');
}

const usual = { ramBytes: 32 * MiB, step: 4096, stamp: 'page' } as const;
const tries: readonly (readonly [string, RealQemu, GuestShape])[] = [
  ...realQemus.map(
    (qemu) =>
      [`QEMU ${qemu.version}`, qemu, { ...usual, hot: { pages: 400, coldPages: 100 } }] as const,
  ),
  [
    '2 writers at a pace, stamps of kind wide',
    realQemu('10.0'),
    {
      ...{ ...usual, stamp: 'wide', writers: 2, pacePagesPerSecond: 30_000 },
      hot: { pages: 270, coldPages: 30 },
    },
  ],
  [
    '32-bit mode',
    realQemu('10.0', 'i386'),
    { ...usual, writers: 2, hot: { pages: 256, coldPages: 300 } },
  ],
  [
    // the cold part has 191 pages below the hole and 256 above it, so some pieces lie at both sides
    'a hole in the cold part',
    realQemu('10.0'),
    { ramBytes: 4 * GiB, step: 8 * MiB, stamp: 'page', hot: { pages: 64, coldPages: 60 } },
  ],
  [
    // the cold part is all that lies behind the hole
    'a hot part that ends where the hole begins',
    realQemu('10.0'),
    { ramBytes: 4 * GiB, step: 8 * MiB, stamp: 'wide', hot: { pages: 255, coldPages: 7 } },
  ],
  [
    'parts of one page, by 32 writers',
    realQemu('10.0'),
    {
      ...{ ramBytes: 16 * MiB, range: { start: MiB, end: MiB + 64 * 4096, step: 4096 } },
      ...{ stamp: 'wide', writers: 32, hot: { pages: 1, coldPages: 1 } },
    },
  ],
];

for (const [what, qemu, shape] of tries) {
  test(
    `${what}: both parts are whole, and have their shares of the writes`,
    { skip: qemu.skip },
    async () => {
      await withGuest(qemu, shape, async (machine, context) => {
        const { hot = { pages: 0, coldPages: 0 }, writers = 1 } = shape;
        let verdict = await verdictOf(machine, context);
        const deadline = performance.now() + 60_000;
        const first = verdict.slices.map((slice) => stamps(slice, context));
        // with many pieces, the one that is being written weighs little
        const wanted = 40 * hot.pages;
        let written: number[];
        do {
          assert.ok(performance.now() < deadline, `too slow: ${stateOf(verdict)}`);
          await run(machine, 200);
          verdict = await verdictOf(machine, context);
          assert.ok(verdict.intact, JSON.stringify(verdict));
          written = verdict.slices.map(
            (slice, index) => stamps(slice, context) - (first[index] ?? 0),
          );
        } while (written.some((pages, index) => index % 2 === 0 && pages < wanted));
        assert.deepEqual(
          verdict.slices.map(({ part }) => part),
          Array.from({ length: writers }, () => ['hot', 'cold']).flat(),
        );
        assert.match(stateOf(verdict), /^writer 0, hot part: generation \d+/);
        for (let writer = 0; writer < writers; writer++) {
          const [ofHot = 0, ofCold = 0] = written.slice(2 * writer, 2 * writer + 2);
          const share = ofHot / (ofHot + ofCold);
          const expected = hot.pages / (hot.pages + hot.coldPages);
          assert.ok(Math.abs(share - expected) < 0.05, `${share} of the writes, not ${expected}`);
        }
      });
    },
  );
}

test('after a reset both parts begin again', { skip: realQemu('10.0').skip }, async () => {
  const shape: GuestShape = { ...usual, hot: { pages: 400, coldPages: 100 } };
  await withGuest(realQemu('10.0'), shape, async (machine, context) => {
    for (const ms of [50, 130, 310]) {
      await run(machine, ms);
      const { signs } = machine.serial;
      await machine.qmp.execute('system_reset');
      await machine.qmp.execute('cont');
      await machine.serial.waitForB({ since: signs, timeoutMs: 60_000 });
      await run(machine, 100);
      const verdict = await verdictOf(machine, context);
      assert.ok(verdict.intact, JSON.stringify(verdict));
    }
  });
});

const refused: readonly (readonly [what: string, field: number, values: readonly number[]])[] = [
  ['hot pages without cold ones', contract.fieldHotPages, [1, 0, 0, 0]],
  ['a hot part of all pages', contract.fieldHotPages, [0x1f00, 0, 1, 0]],
  ['more hot pages than there are', contract.fieldHotPages, [0, 1, 1, 0]],
  ['a flush that is neither', contract.fieldFlush, [2]],
];
for (const arch of ['x86_64', 'i386'] as const) {
  const qemu = realQemu('10.0', arch);
  test(`${arch}: what the image cannot do is refused`, { skip: qemu.skip }, async () => {
    await withContext(qemu, { ...usual, stamp: 'byte' }, async (context) => {
      for (const [index, [what, field, values]] of refused.entries()) {
        await refuses(context, index, what, (image, at) => {
          for (const [word, value] of values.entries())
            image.writeUInt32LE(value, at + field + 4 * word);
        });
      }
      await refuses(context, refused.length, 'a hot part that suspends', (image, at) => {
        image.writeUInt32LE(1, at + contract.fieldSuspend);
        image.writeUInt32LE(1, at + contract.fieldHotPages);
        image.writeUInt32LE(1, at + contract.fieldColdPages);
      });
    });
  });
}

async function refuses(
  context: TestContext,
  index: number,
  what: string,
  alter: (image: Buffer, block: number) => void,
): Promise<void> {
  const firmware = context.writeGuest();
  const image = readFileSync(firmware);
  alter(image, guestPlatform(context.platform.arch).blockOffset);
  writeFileSync(firmware, image);
  await using machine = await context.startMachine({
    ...{ side: 'source', memory: { kind: 'anon' }, firmware, tag: `-${index}` },
  });
  await assert.rejects(
    machine.serial.waitForB({ timeoutMs: 60_000 }),
    { code: 'guest-refused-parameters' },
    what,
  );
}

test('damage is found in either part', { skip: realQemu('10.0').skip }, async () => {
  const shape: GuestShape = { ...usual, hot: { pages: 400, coldPages: 100 } };
  await withGuest(realQemu('10.0'), shape, async (machine, context) => {
    await run(machine, 300);
    const { start, step } = context.stamped;
    for (const [slice, page] of [
      [0, 100],
      [1, 3000],
    ] as const) {
      const at = start + page * step + 4000;
      const before = await machine.qtest.readByte(at);
      await machine.qtest.writeByte(at, before ^ 0x10);
      const { damagedPages, slices } = await verdictOf(machine, context);
      assert.equal(damagedPages, 1);
      assert.equal(slices[slice]?.damage[0]?.start, start + page * step);
      await machine.qtest.writeByte(at, before);
    }
    assert.ok((await verdictOf(machine, context)).intact);
  });
});
