/**
 * The x86 guest on real QEMUs: kinds, writers, memory across the PCI hole, pace, heartbeat,
 * refusals.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { HarnessError } from '../model/errors.js';
import { ramRegions } from '../model/ram-layout.js';
import { pageAt } from '../model/stamps.js';
import type { Range } from '../model/text/sizes.js';
import type { MemoryVerdict } from '../model/verdict.js';
import type { GuestShape } from './shape.js';
import type { Machine } from '../qemu/machine.js';
import { realQemu, realQemus } from '../qemu/qemus.fixtures.js';
import { Scratch } from '../model/scratch.fixtures.js';
import type { RealQemu } from '../qemu/qemus.fixtures.js';
import { contextFor, planFor, stoppedMachine } from '../migration/context.fixtures.js';
import type { TestContext } from '../migration/context.js';

const MiB = 2 ** 20;
const GiB = 2 ** 30;

async function withGuest(
  qemu: RealQemu,
  shape: GuestShape,
  body: (machine: Machine, context: TestContext) => Promise<void>,
  machine?: string,
): Promise<void> {
  using scratch = new Scratch();
  const plan = await planFor(qemu, scratch.directory);
  await using context = contextFor(
    machine === undefined ? plan : { ...plan, machine },
    scratch.directory,
    shape,
  );
  await body(await stoppedMachine(context, { kind: 'memfd' }), context);
}

async function check(machine: Machine, context: TestContext): Promise<MemoryVerdict> {
  const verdict = await (await machine.ram(context.stamped)).checkStopped(context.stamped);
  assert.ok(verdict.intact, JSON.stringify(verdict));
  return verdict;
}

/** Pages that each writer has stamped since its first pass. */
function stamped(verdict: MemoryVerdict, hole?: Range): number[] {
  const { step } = verdict.range;
  return verdict.slices.map(({ start, pages, generation, edge }) => {
    const own = hole !== undefined && start < hole.start ? hole : undefined;
    const done = edge === null ? pages : pageAt({ start, step, hole: own }, edge);
    return (generation - 1) * pages + done;
  });
}

const tries: readonly (readonly [RealQemu, GuestShape])[] = [
  ...realQemus.map((qemu) => [qemu, { stamp: 'page', writers: 2 }] as const),
  [realQemu('10.0'), { stamp: 'wide', writers: 3 }],
  [realQemu('10.0'), { stamp: 'byte', writers: 2 }],
  [realQemu('10.0', 'i386'), { stamp: 'page', writers: 2 }],
  [realQemu('11.1', 'i386'), { stamp: 'wide', writers: 2 }],
];

const movedOn = (before: readonly number[], now: readonly number[]): boolean =>
  now.every((pages, writer) => pages !== before[writer]);

for (const [qemu, shape] of tries) {
  const arch = qemu.command.includes('i386') ? 'i386' : 'x86_64';
  const name = `QEMU ${qemu.version}, ${arch}: ${shape.writers} writers of kind ${shape.stamp} each go on from where they were`;
  test(name, { skip: qemu.skip }, async () => {
    await withGuest(qemu, { ramBytes: 16 * MiB, ...shape }, async (machine, context) => {
      const first = stamped(await check(machine, context));
      assert.deepEqual(stamped(await check(machine, context)), first, 'stopped, they stay there');
      let second = first;
      // A busy host may not run each processor at once.
      for (let tried = 0; tried < 20 && !movedOn(first, second); tried++) {
        await machine.qmp.execute('cont');
        await sleep(150);
        await machine.qmp.execute('stop');
        second = stamped(await check(machine, context));
      }
      for (const [writer, pages] of second.entries()) {
        // A byte tells its generation but for a multiple of 256.
        if (shape.stamp === 'byte') assert.notEqual(pages, first[writer]);
        else assert.ok(pages > (first[writer] ?? 0), `writer ${writer}: ${pages}`);
      }
    });
  });
}

for (const machine of ['q35', 'pc']) {
  const qemu = realQemu('10.0');
  const step = 8 * MiB;
  test(
    `${machine}: all RAM of a 6 GiB guest, below the PCI hole and above 4 GiB, is reached and read; what is not touched costs nothing`,
    { skip: qemu.skip },
    async () => {
      const shape: GuestShape = { ramBytes: 6 * GiB, step, stamp: 'page', writers: 2 };
      await withGuest(
        qemu,
        shape,
        async (guest, context) => {
          const verdict = await check(guest, context);
          const [below, above] = ramRegions('x86_64', machine, 6 * GiB);
          assert.ok(below !== undefined && above !== undefined);
          assert.deepEqual(context.stamped.hole, { start: below.size, end: above.address });
          assert.equal(verdict.range.end, above.address + above.size);
          assert.equal(verdict.pages, (6 * GiB) / step - 1);
          await guest.qmp.execute('cont');
          await sleep(100);
          await guest.qmp.execute('stop');
          await check(guest, context);
        },
        machine,
      );
    },
  );
}

test(
  'a page copied from below 4 GiB to above it is named with both addresses',
  { skip: realQemu('10.0').skip },
  async () => {
    const hole = { start: 2 * GiB, end: 4 * GiB };
    const range = { start: hole.start - MiB, end: hole.end + MiB, step: 4096 };
    const shape: GuestShape = { ramBytes: 3 * GiB, range, hole, stamp: 'page', writers: 2 };
    await withGuest(realQemu('10.0'), shape, async (machine, context) => {
      await check(machine, context);
      const ram = await machine.ram(context.stamped);
      const source = hole.start - 5 * 4096;
      const target = hole.end + 9 * 4096;
      await machine.qtest.write(target, await ram.readBytes(source, 4096));
      const verdict = await ram.checkStopped(context.stamped);
      const damage = verdict.slices.flatMap((slice) => slice.damage);
      assert.deepEqual(
        damage.map(({ kind, start, from }) => [kind, start, from]),
        [['misplaced', target, source]],
      );
    });
  },
);

test(
  'a writer that waits for its pace is alive by its heartbeat, and a stopped one is not',
  { skip: realQemu('10.0').skip },
  async () => {
    const shape: GuestShape = {
      ramBytes: 16 * MiB,
      stamp: 'wide',
      writers: 2,
      heartbeat: true,
      pacePagesPerSecond: 40_000,
    };
    await withGuest(realQemu('10.0'), shape, async (machine, context) => {
      const { heartbeatAddress = 0 } = context.platform;
      const ram = await machine.ram(context.stamped);
      const beats = async (): Promise<bigint[]> => {
        const bytes = await ram.readBytes(heartbeatAddress, 128);
        return [0, 64].map((at) => bytes.readBigUInt64LE(at));
      };
      const before = await beats();
      const first = stamped(await check(machine, context));
      assert.deepEqual(await beats(), before, 'stopped, nobody counts');
      const startedMs = performance.now();
      await machine.qmp.execute('cont');
      await sleep(300);
      await machine.qmp.execute('stop');
      const ranMs = performance.now() - startedMs;
      const after = await beats();
      const second = stamped(await check(machine, context));
      for (const writer of [0, 1]) {
        const pages = (second[writer] ?? 0) - (first[writer] ?? 0);
        assert.ok(Number(after[writer] ?? 0n) - Number(before[writer] ?? 0n) >= pages);
        // On a busy host it may get less than its pace, and never more than that, a tenth of a
        // second and a batch.
        const most = 20 * (ranMs + 100) + 3;
        assert.ok(pages > 0 && pages <= most, `${pages} of at most ${most} pages`);
      }
    });
  },
);

test(
  'fewer processors than writers: the image refuses, and says so',
  { skip: realQemu('10.0').skip },
  async () => {
    using scratch = new Scratch();
    const plan = await planFor(realQemu('10.0'), scratch.directory);
    const shape: GuestShape = { ramBytes: 16 * MiB, writers: 3 };
    await using context = contextFor(plan, scratch.directory, shape);
    const machine = await context.startMachine({
      side: 'source',
      memory: { kind: 'anon' },
      firmware: context.writeGuest(),
      extraArgs: ['-smp', '2'],
    });
    await assert.rejects(
      machine.serial.waitForB({ timeoutMs: 60_000 }),
      (error) =>
        error instanceof HarnessError && error.message.includes('refused its parameter block'),
    );
  },
);

const layouts = [64 * MiB, 0xaff00000, 0xb0000000, 0xdff00000, 0xe0000000, 6 * GiB];
for (const qemu of realQemus) {
  for (const machine of ['q35', 'pc']) {
    test(
      `QEMU ${qemu.version}, ${machine}: RAM lies where we think it does, whatever there is of it`,
      { skip: qemu.skip },
      async () => {
        using scratch = new Scratch();
        const plan = await planFor(qemu, scratch.directory);
        for (const ramBytes of layouts) {
          await using context = contextFor({ ...plan, machine }, scratch.directory, { ramBytes });
          const guest = await context.startMachine({
            side: 'source',
            memory: { kind: 'memfd' },
            firmware: context.writeGuest(),
            extraArgs: ['-S'],
          });
          const tree = await guest.qmp.executeRaw('human-monitor-command', {
            'command-line': 'info mtree -f',
          });
          assert.ok(typeof tree === 'string');
          let offset = 0;
          for (const { address, size } of ramRegions('x86_64', machine, ramBytes)) {
            // The lowest MiB is cut up by ROMs and the screen.
            const from = Math.max(address, MiB);
            const hex = (value: number): string => value.toString(16).padStart(16, '0');
            const at = offset + from - address;
            const line = `  ${hex(from)}-${hex(address + size - 1)} (prio 0, ram): mig.mem @${hex(at)}`;
            assert.ok(tree.includes(line), `${line} in ${tree}`);
            offset += size;
          }
          await guest.end();
        }
      },
    );
  }
}
