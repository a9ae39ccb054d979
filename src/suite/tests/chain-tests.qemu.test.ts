/** A chain must find damage on the leg after which it came. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chain } from '../../migration/flows/chain.js';
import { routeOf } from '../../migration/plan.js';
import { facts, failureOf, qemu } from '../attempt.fixtures.js';

for (const wish of [
  { kind: 'stopped', listen: 'unix:$DIR/leg$LEG' },
  { kind: 'live', listen: 'tcp:127.0.0.1:0' },
] as const) {
  test(
    `${wish.kind}: damage after the second leg of a chain is found there`,
    { skip: qemu.skip },
    async () => {
      let altered = false;
      const failure = await failureOf(
        { ...facts, run: async (context) => await chain(context, wish, routeOf(context.plan)) },
        undefined,
        {
          beforeCheck: async ({ name, qtest }) => {
            if (altered || name !== 'source-leg2') return;
            altered = true;
            await qtest.writeByte(0x500000, (await qtest.readByte(0x500000)) ^ 0x55);
          },
        },
      );
      assert.equal(failure.code, 'memory-damaged');
      assert.match(
        failure.message,
        /^leg 2 of 2, QEMU 10\.0\.\d+ \(destination\) to 10\.0\.\d+ \(source-leg2\): .* 1 of 25,344 pages$/,
      );
    },
  );
}
