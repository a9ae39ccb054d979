/**
 * One machine: the guest's contract on real QEMUs, descriptors over QMP, out-of-band commands,
 * evidence.
 */
import assert from 'node:assert/strict';
import { readFileSync, realpathSync } from 'node:fs';
import { test } from 'node:test';
import { asObject } from '../model/json.js';
import { loadAddon } from '../native/addon.js';
import { memoryOfDescendants } from './memory-use.js';
import { realQemu, realQemus } from './qemus.fixtures.js';
import { Scratch } from '../model/scratch.fixtures.js';
import type { RealQemu } from './qemus.fixtures.js';
import { contextFor, planFor, stoppedMachine } from '../migration/context.fixtures.js';
import type { TestContext } from '../migration/context.js';
import { waitByteChange, waitEvent } from '../migration/waits.js';
import { onlySlice } from '../memory/verdict.fixtures.js';

async function withContext(
  qemu: RealQemu,
  body: (context: TestContext) => Promise<void>,
  machine?: string,
): Promise<void> {
  using scratch = new Scratch();
  const plan = await planFor(qemu, scratch.directory);
  await using context = contextFor(
    machine === undefined ? plan : { ...plan, machine },
    scratch.directory,
  );
  await body(context);
}

for (const qemu of [...realQemus, realQemu('10.0', 'i386')]) {
  const name = qemu.command.includes('i386') ? `${qemu.version} for i386` : qemu.version;
  for (const machine of ['q35', 'pc']) {
    test(
      `QEMU ${name}, ${machine}: the guest suspends after its first sign, wakes, and starts again`,
      { skip: qemu.skip },
      async () => {
        await withContext(
          qemu,
          async (context) => {
            const guest = await context.startMachine({
              side: 'source',
              memory: { kind: 'memfd' },
              firmware: context.writeGuest({ suspend: true }),
            });
            await guest.serial.waitForB({ timeoutMs: 20_000 });
            await waitEvent(guest, 'SUSPEND', 0);
            assert.equal((await guest.qmp.execute('query-status'))['status'], 'suspended');

            const { range, passesPerB } = context.platform;
            const ram = await guest.ram(range);
            const asleep = onlySlice(await ram.checkStopped(range));
            assert.deepEqual(
              [asleep.generation, asleep.edge, asleep.damagedPages],
              [passesPerB, null, 0],
            );
            const signs = guest.serial.length;
            await guest.qmp.execute('system_wakeup');
            await waitEvent(guest, 'WAKEUP', 0);
            await guest.serial.waitForB({ timeoutMs: 20_000, since: signs });
            await waitByteChange(guest, range.start);
            assert.match(readFileSync(context.file('source.serial'), 'latin1'), /^ABAB+$/);
          },
          machine,
        );
      },
    );
  }
}

const qemu = realQemu('10.0');

for (const kind of ['anon', 'memfd'] as const) {
  test(
    `memory that a guest has written counts whole, be it ${kind}`,
    { skip: qemu.skip },
    async () => {
      await withContext(qemu, async (context) => {
        const guest = await context.startMachine({
          side: 'source',
          memory: { kind },
          firmware: context.writeGuest(),
        });
        await guest.serial.waitForB({ timeoutMs: 20_000 });
        const { range, ramBytes } = context.platform;
        const found = (await memoryOfDescendants()).find(({ pid }) => pid === guest.pid);
        assert.ok(found !== undefined);
        assert.equal(found.cwd, realpathSync(context.directory));
        const written = range.end - range.start;
        // and what QEMU needs for itself: under TCG, its buffer of translated code too
        const rest = found.bytes - written;
        assert.ok(rest > 0 && rest < ramBytes - written + 64 * 1024 ** 2, `${found.bytes} bytes`);
      });
    },
  );
}

test('a descriptor sent with a command arrives, and only there', { skip: qemu.skip }, async () => {
  await withContext(qemu, async (context) => {
    const machine = await stoppedMachine(context);
    const addon = loadAddon();
    const [ours, theirs] = addon.socketPair();
    try {
      await machine.qmp.execute('getfd', { fdname: 'fd-mig' }, { fds: [theirs] });
      await machine.qmp.execute('closefd', { fdname: 'fd-mig' });
      await assert.rejects(machine.qmp.execute('closefd', { fdname: 'fd-mig' }), {
        code: 'qmp-error',
        desc: "File descriptor named 'fd-mig' not found",
      });
    } finally {
      addon.closeFd(ours);
      addon.closeFd(theirs);
    }
  });
});

test('out-of-band commands are answered once negotiated', { skip: qemu.skip }, async () => {
  await withContext(qemu, async (context) => {
    const machine = await context.startMachine({
      side: 'destination',
      memory: { kind: 'anon' },
      firmware: context.writeGuest(),
      incoming: 'defer',
      oob: true,
    });
    await assert.rejects(
      machine.qmp.execute('migrate-recover', { uri: 'unix:/nowhere' }, { oob: true }),
      { code: 'qmp-error', command: 'migrate-recover' },
    );
  });
});

test('the transcript holds both directions with rising times', { skip: qemu.skip }, async () => {
  using scratch = new Scratch();
  const plan = await planFor(qemu, scratch.directory);
  {
    await using context = contextFor(plan, scratch.directory);
    await stoppedMachine(context);
  }
  const lines = readFileSync(`${scratch.directory}/destination.qmp.jsonl`, 'utf8')
    .trim()
    .split('\n');
  const entries = lines.map((line) => asObject(JSON.parse(line)));
  const times = entries.map(({ ms }) => Number(ms));
  assert.deepEqual(
    times,
    [...times].sort((a, b) => a - b),
  );
  assert.deepEqual(new Set(entries.map(({ dir }) => dir)), new Set(['<', '>']));
  assert.ok(entries.some(({ msg }) => asObject(msg)['event'] === 'STOP'));
});

test(
  'a stopped guest stays as it is, and one that went on is somewhere else',
  { skip: qemu.skip },
  async () => {
    await withContext(qemu, async (context) => {
      const machine = await stoppedMachine(context);
      const { range } = context.platform;
      const ram = await machine.ram(range);
      const first = onlySlice(await ram.checkStopped(range));
      const second = onlySlice(await ram.checkStopped(range));
      assert.deepEqual([first.generation, first.edge], [second.generation, second.edge]);
      await machine.qmp.execute('cont');
      await waitByteChange(machine, range.start);
      await machine.qmp.execute('stop');
      const third = onlySlice(await ram.checkStopped(range));
      assert.notDeepEqual([first.generation, first.edge], [third.generation, third.edge]);
    });
  },
);
