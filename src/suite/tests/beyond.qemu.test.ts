/** The flows beyond upstream's must notice what they are there for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { announceGuest } from './devices/announce.js';
import { backgroundSnapshot } from './file/background-snapshot.js';
import { chain } from '../../migration/flows/chain.js';
import { routeOf } from '../../migration/plan.js';
import { cprExec } from './cpr/cpr-exec.js';
import { deviceWrites } from './devices/device-writes.js';
import { dirtyBitmaps } from './devices/dirty-bitmaps.js';
import { twoRamblocks } from './devices/two-ramblocks.js';
import type { TestContext } from '../../migration/context.js';
import type { FlowResult } from '../../migration/steps.js';
import { writingDevices } from './devices/writing-devices.js';
import { pingPong } from './beyond.js';
import { facts, failureOf, qemu } from '../attempt.fixtures.js';

type Flow = (context: TestContext) => Promise<FlowResult>;

void test('a bitmap that stays behind is missed', { skip: qemu.skip }, async () => {
  const { code, message } = await failureOf({
    ...facts,
    run: async (context) => await dirtyBitmaps(context, { capabilities: [] }),
  });
  assert.equal(code, 'bitmap-differs');
  assert.match(message, /bitmap backup0: absent on the destination/);
});

void test('one announcement too many is noticed', { skip: qemu.skip }, async () => {
  const { code, lastSeen } = await failureOf({
    ...facts,
    run: async (context) => await announceGuest(context, 2),
  });
  assert.equal(code, 'announced-too-often');
  assert.equal(lastSeen, '3 announcements');
});

for (const kind of writingDevices) {
  void test(`what ${kind.name} wrote and is lost is missed`, { skip: qemu.skip }, async () => {
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

for (const wish of [
  { kind: 'stopped', listen: 'unix:$DIR/leg$LEG' },
  { kind: 'live', listen: 'tcp:127.0.0.1:0' },
] as const) {
  void test(
    `${wish.kind}: damage after the second leg of a chain is found there`,
    { skip: qemu.skip },
    async () => {
      const failure = await failureOf({
        ...facts,
        run: async (context) =>
          await chain(context, wish, routeOf(context.plan), async ({ qtest }, leg) => {
            if (leg === 2) await qtest.writeByte(0x500000, (await qtest.readByte(0x500000)) ^ 0x55);
          }),
      });
      assert.equal(failure.code, 'memory-damaged');
      assert.match(
        failure.message,
        /^leg 2 of 2, QEMU 10\.0\.\d+ \(destination\) to 10\.0\.\d+ \(source-leg2\): .* 1 of 25344 pages$/,
      );
    },
  );
}

void test('a page of another ramblock that is wrong is named', { skip: qemu.skip }, async () => {
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

/** Ends a machine hard as soon as a phase begins. */
function killIn(phase: string, side: 'source' | 'destination', flow: Flow): Flow {
  return async (context) => {
    const { observer } = context;
    const watched = {
      ...observer,
      status: observer.status.bind(observer),
      phase: (name: Parameters<typeof observer.phase>[0]) => {
        observer.phase(name);
        const victim = context.machines.findLast((machine) => machine.side === side);
        if (name === phase && victim !== undefined) process.kill(-victim.process.pid, 'SIGKILL');
      },
    };
    return await flow(Object.assign(context, { observer: watched }));
  };
}

for (const [name, flow] of Object.entries<Flow>({
  backgroundSnapshot,
  pingPong,
})) {
  for (const side of ['source', 'destination'] as const) {
    void test(`${name}: a ${side} killed under way is the news`, { skip: qemu.skip }, async () => {
      const failure = await failureOf({ ...facts, run: killIn('migrate', side, flow) });
      assert.equal(failure.code, 'qemu-exited', JSON.stringify(failure));
      assert.match(failure.message, /was ended by SIGKILL unexpectedly/);
    });
  }
}

void test(
  'a QEMU that cannot become another one fails with its reason',
  { skip: qemu.skip },
  async () => {
    const failure = await failureOf({ ...facts, run: cprExec });
    // 10.0 has no such mode; it says so
    assert.equal(failure.code, 'qmp-error');
    assert.match(failure.message, /migrate-set-parameters/);
  },
);
