/**
 * The guests of the architectures other than x86 do what guest/README.md says, under TCG: stamps of
 * each kind, several writers, a step of more than a page, pace, heartbeat, a live migration of all
 * that; and they refuse what they cannot do.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { guestContract as contract } from './contract.js';
import { guestPlatform } from './platforms.js';
import type { GuestShape } from './shape.js';
import type { GuestRam } from '../memory/guest-ram.js';
import { platforms } from '../model/arch.js';
import { ramRegions } from '../model/ram-layout.js';
import type { Arch } from '../model/arch.js';
import { pagesOf } from '../model/stamps.js';
import { realQemu } from '../qemu/qemus.fixtures.js';
import { Scratch } from '../model/scratch.fixtures.js';
import type { QemuVersion } from '../qemu/qemus.fixtures.js';
import type { TestContext } from '../migration/context.js';
import { contextFor, planFor, stoppedMachine } from '../migration/context.fixtures.js';
import { precopy } from '../migration/flows/precopy.js';

const arches: readonly Arch[] = ['aarch64', 'riscv64', 's390x', 'ppc64', 'loongarch64'];
const versions: readonly QemuVersion[] = ['10.0', '11.1'];

const shapes: readonly (readonly [string, GuestShape])[] = [
  ['byte by 3 writers', { stamp: 'byte', writers: 3, heartbeat: true }],
  ['wide by 2 writers, a page in 64 KiB', { stamp: 'wide', writers: 2, step: 0x10000 }],
  ['page by 3 writers', { stamp: 'page', writers: 3 }],
];

/** with RAM on both sides of the hole that the machine of loongarch64 has */
const holedBytes = 320 * 2 ** 20;
const holed: readonly GuestShape[] = (['byte', 'wide', 'page'] as const).map((stamp) => ({
  ...{ ramBytes: holedBytes, step: 2 ** 16, stamp },
  writers: stamp === 'byte' ? 1 : 3,
}));

async function withGuest(
  arch: Arch,
  version: QemuVersion,
  shape: GuestShape,
  body: (context: TestContext) => Promise<void>,
): Promise<void> {
  using scratch = new Scratch();
  const plan = await planFor(realQemu(version, arch), scratch.directory);
  await using context = contextFor(plan, scratch.directory, shape);
  await body(context);
}

/** counts of all writers */
async function beatsOf({ platform }: TestContext, ram: GuestRam): Promise<number[]> {
  const { heartbeatAddress = 0, writers = 1 } = platform;
  const { heartbeatStride: stride } = contract;
  const counters = await ram.readBytes(heartbeatAddress, writers * stride);
  return Array.from({ length: writers }, (_, writer) =>
    Number(counters.readBigUInt64LE(writer * stride)),
  );
}

for (const arch of arches) {
  for (const version of versions) {
    const { skip } = realQemu(version, arch);
    for (const [what, shape] of version === '11.1' ? shapes : shapes.slice(-1)) {
      test(
        `QEMU ${version}, ${arch}: ${what}, each slice whole and on its way`,
        { skip },
        async () => {
          await withGuest(arch, version, shape, async (context) => {
            const machine = await stoppedMachine(context);
            const ram = await machine.ram(context.stamped);
            const { intact, slices, pages } = await ram.checkStopped(context.stamped);
            assert.ok(intact, JSON.stringify(slices));
            assert.equal(pages, pagesOf(context.stamped));
            assert.ok((slices[0]?.generation ?? 0) >= context.platform.passesPerB);
            if (context.platform.heartbeatAddress === undefined) return;
            const beats = await beatsOf(context, ram);
            assert.ok((beats[0] ?? 0) > 0, `heartbeats ${beats.join(' ')}`);
          });
        },
      );
    }
  }

  const { skip } = realQemu('11.1', arch);
  test(`${arch}: writers keep their pace`, { skip }, async () => {
    const { start, step } = platforms[arch].range;
    const pace = 20_000;
    const pages = 2000;
    const range = { start, end: start + pages * step, step };
    const shape: GuestShape = {
      ...{ stamp: 'wide', writers: 2, heartbeat: true, passesPerB: 3 },
      ...{ range, pacePagesPerSecond: pace },
    };
    await withGuest(arch, '11.1', shape, async (context) => {
      const startedMs = performance.now();
      const machine = await stoppedMachine(context);
      const seconds = (performance.now() - startedMs) / 1000;
      const ram = await machine.ram(context.stamped);
      const { intact, slices } = await ram.checkStopped(context.stamped);
      assert.ok(intact, JSON.stringify(slices));
      for (const [writer, beats] of (await beatsOf(context, ram)).entries()) {
        const stamped = (slices[writer]?.generation ?? 0) * (pages / 2);
        // A guest's clock is never ahead of ours, however busy the host is.
        assert.ok(stamped <= (pace / 2) * (seconds + 0.1), `${stamped} pages in ${seconds} s`);
        assert.ok(beats > stamped, `writer ${writer} waits between its pages`);
      }
    });
  });

  test(`${arch}: whole pages by 2 writers arrive by live migration`, { skip }, async () => {
    await withGuest(arch, '11.1', { stamp: 'page', writers: 2 }, async (context) => {
      const { verdict } = await precopy(context, {
        listen: 'tcp:127.0.0.1:0',
        live: true,
        iterations: 1,
      });
      assert.equal(verdict?.intact, true);
    });
  });

  test(`${arch}: a block that the image cannot serve is refused`, { skip }, async () => {
    const { range } = platforms[arch];
    const patches: readonly (readonly [field: number, value: bigint, starts?: number])[] = [
      [contract.fieldStart, BigInt(guestPlatform(arch).rangeMin - 0x1000)],
      [contract.fieldStep, 0x1800n],
      // writers and stamp kind
      [contract.fieldStampKind, 0x1_0000_0003n],
      [contract.fieldStampKind, 0x41_0000_0000n],
      // passes per B and suspend
      [contract.fieldSuspend, 0x8_0000_0001n],
      [contract.fieldHeartbeat, BigInt(range.start + 0x1000)],
      [contract.fieldHoleEnd, BigInt(range.start + 0x1000)],
      [contract.fieldVersion, 0x100_0000_0001n],
      // Only when it gets there does it see that RAM has ended.
      [contract.fieldEnd, BigInt(range.start) + 0x2000_0000n, 1],
    ];
    await withGuest(arch, '11.1', {}, async (context) => {
      for (const [index, [field, value, starts = 0]] of patches.entries()) {
        const firmware = context.writeGuest();
        const image = readFileSync(firmware);
        image.writeBigUInt64LE(value, guestPlatform(arch).blockOffset + field);
        writeFileSync(firmware, image);
        await using machine = await context.startMachine({
          side: 'source',
          memory: { kind: 'anon' },
          firmware,
          tag: `-${index}`,
        });
        await assert.rejects(
          machine.serial.waitForB({ timeoutMs: 20_000 }),
          { code: 'guest-refused-parameters' },
          `field ${field} = ${value}`,
        );
        assert.equal(machine.serial.starts, starts);
      }
    });
  });
}

for (const version of versions) {
  const { skip } = realQemu(version, 'loongarch64');
  test(
    `QEMU ${version}, loongarch64: all of its RAM, on both sides of the hole, is stamped and read`,
    { skip },
    async () => {
      for (const shape of version === '11.1' ? holed : holed.slice(-1)) {
        await withGuest('loongarch64', version, shape, async (context) => {
          const machine = await stoppedMachine(context);
          const [below, above] = ramRegions('loongarch64', context.plan.machine, holedBytes);
          assert.ok(below !== undefined && above !== undefined);
          assert.deepEqual(context.stamped.hole, { start: below.size, end: above.address });
          // RAM lies where we think it does
          const tree = await machine.qmp.executeRaw('human-monitor-command', {
            'command-line': 'info mtree -f',
          });
          const hex = (value: number): string => value.toString(16).padStart(16, '0');
          for (const { address, size } of [below, above]) {
            assert.ok(typeof tree === 'string');
            assert.ok(tree.includes(`  ${hex(address)}-${hex(address + size - 1)} (prio`));
          }
          const ram = await machine.ram(context.stamped);
          const { intact, slices, range, pages } = await ram.checkStopped(context.stamped);
          assert.ok(intact, JSON.stringify(slices));
          assert.equal(range.end, above.address + above.size);
          const { rangeMin } = guestPlatform('loongarch64');
          assert.equal(pages, (holedBytes - rangeMin) / 2 ** 16);
        });
      }
    },
  );
}
