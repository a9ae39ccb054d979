/** A guest that is dead is found so, and damage in its memory is what is reported. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { HarnessError } from '../model/errors.js';
import { Scratch } from '../model/scratch.fixtures.js';
import { realQemu } from '../qemu/qemus.fixtures.js';
import type { TestContext } from './context.js';
import { contextFor, planFor, stoppedMachine } from './context.fixtures.js';
import { damageOfSilent, waitSigns } from './sign-of-life.js';

const qemu = realQemu('10.0');
const { skip } = qemu;

async function withContext(body: (context: TestContext) => Promise<void>): Promise<void> {
  using scratch = new Scratch();
  const plan = await planFor(qemu, scratch.directory);
  await using context = contextFor(plan, scratch.directory);
  await body(context);
}

const isDead = (error: unknown): boolean =>
  error instanceof HarnessError && error.code === 'guest-dead';

test('a processor that is busy and writes no memory is a dead guest', { skip }, async () => {
  await withContext(async (context) => {
    const firmware = context.file('spin.bin');
    const image = Buffer.alloc(64 * 1024, 0xf4);
    // At the reset vector: a jump to itself.
    image.writeUInt16BE(0xebfe, image.length - 16);
    writeFileSync(firmware, image);
    const machine = await context.startMachine({
      side: 'destination',
      memory: { kind: 'anon' },
      firmware,
    });
    await assert.rejects(waitSigns(machine), (error) => {
      assert.ok(isDead(error), String(error));
      assert.match(
        (error as HarnessError).input.lastSeen ?? '',
        /^none while QEMU used ([5-9]|\d\d)\.\d s of processor time$/,
      );
      return true;
    });
  });
});

test('a guest that runs gives signs', { skip }, async () => {
  await withContext(async (context) => {
    const machine = await stoppedMachine(context);
    await machine.qmp.execute('cont');
    assert.equal(await damageOfSilent(machine), undefined);
  });
});

test(
  'a guest that stands still is dead; if its memory is damaged, that is the verdict',
  { skip },
  async () => {
    await withContext(async (context) => {
      const machine = await stoppedMachine(context);
      await assert.rejects(damageOfSilent(machine), isDead);
      const page = context.stamped.start + 1000 * context.stamped.step;
      const value = await machine.qtest.readByte(page);
      await machine.qtest.writeByte(page, (value + 100) % 256);
      const verdict = await damageOfSilent(machine);
      assert.equal(verdict?.damagedPages, 1);
    });
  },
);
