/** The tests of devices must notice what they are there for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { announceGuest } from './announce.js';
import { deviceWrites } from './device-writes.js';
import { dirtyBitmaps } from './dirty-bitmaps.js';
import { twoRamblocks } from './two-ramblocks.js';
import { writingDevices } from './writing-devices.js';
import { facts, failureOf, qemu } from '../../attempt.fixtures.js';

test('a bitmap that stays behind is missed', { skip: qemu.skip }, async () => {
  const { code, message } = await failureOf({
    ...facts,
    run: async (context) => await dirtyBitmaps(context, { capabilities: [] }),
  });
  assert.equal(code, 'bitmap-differs');
  assert.match(message, /bitmap backup0: absent on the destination/);
});

test('one announcement too many is noticed', { skip: qemu.skip }, async () => {
  const { code, lastSeen } = await failureOf({
    ...facts,
    run: async (context) => await announceGuest(context, 2),
  });
  assert.equal(code, 'announced-too-often');
  assert.equal(lastSeen, '3 announcements');
});

for (const kind of writingDevices) {
  test(`a lost write of ${kind.name} is found`, { skip: qemu.skip }, async () => {
    const address = 0x7100000 + 17 * 4096 + 100;
    const { code, message } = await failureOf({
      ...facts,
      run: async (context) =>
        await deviceWrites(context, kind, async ({ destination: { qtest } }) => {
          await qtest.writeByte(address, (await qtest.readByte(address)) ^ 0xff);
        }),
    });
    assert.equal(code, 'device-write-lost');
    assert.match(message, /0x7111000 .* the first difference is at offset 100$/);
  });
}

test('a page of another ramblock that is wrong is named', { skip: qemu.skip }, async () => {
  const { code, message } = await failureOf({
    ...facts,
    run: async (context) =>
      await twoRamblocks(context, async ({ qtest }) => {
        await qtest.writeByte(0x100000000 + 64 * 2 ** 20 - 1, 0);
      }),
  });
  assert.equal(code, 'ramblock-damaged');
  assert.match(message, /^page 64 of the DIMM, at 0x103fff000/);
});
