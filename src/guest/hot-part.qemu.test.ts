/** A guest whose slices have hot parts, on real QEMUs: both parts obey the rule, in their shares. */
import assert from 'node:assert/strict';
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
import type { GuestShape } from './shape.js';

const MiB = 2 ** 20;
const GiB = 2 ** 30;

async function withGuest(
  qemu: RealQemu,
  shape: GuestShape,
  body: (machine: TestMachine, context: TestContext) => Promise<void>,
): Promise<void> {
  using scratch = new Scratch();
  const plan = await planFor(qemu, scratch.directory);
  await using context = contextFor(plan, scratch.directory, shape);
  await body(await stoppedMachine(context, { kind: 'memfd' }), context);
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
        // so many pieces that the one which is being written weighs little
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
