/**
 * What becomes of a test when something goes wrong, from end to end: each kind of wrong gives its
 * own outcome, names the right side, and leaves nothing. These are the tests that show that tests
 * can fail.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pair } from '../migration/pair.js';
import { waitGuestPasses } from '../migration/waits.js';
import { verifyMemory } from '../migration/verify.js';
import { facts, failureOf, outcomeOf, qemu } from './attempt.fixtures.js';
import { findTest } from './registry.js';
import { precopyTest } from './definition.js';
import { onlySlice } from '../memory/verdict.fixtures.js';
import { unixSocket } from './tests/unix-socket.js';

/** one page in the middle, by a value that no neighbour has; the guest is stopped and stays so */
async function alterPage({ destination, context }: Pair): Promise<number> {
  const { range } = context.platform;
  const page = range.start + 1000 * range.step;
  const value = await destination.qtest.readByte(page);
  await destination.qtest.writeByte(page, (value + 100) % 256);
  return page;
}

test(
  'a page altered at the destination fails the test, named, with both memories kept',
  { skip: qemu.skip },
  async () => {
    let page = 0;
    const outcome = await outcomeOf({
      ...facts,
      run: async (context) => {
        // The flow as it is, with the check made twice and memory altered in between.
        const result = await precopyTest({
          ...facts,
          ...unixSocket,
          endHook: async (pair) => {
            await verifyMemory(pair.destination);
            page = await alterPage(pair);
            await pair.destination.qmp.execute('cont');
            // the guest goes on from the altered value: the page stays 100 ahead
          },
        }).run(context);
        return result;
      },
    });
    assert.equal(outcome.kind, 'failed', JSON.stringify(outcome));
    assert.equal(outcome.failure.code, 'memory-damaged');
    assert.equal(outcome.verdict?.damagedPages, 1);
    assert.equal(outcome.verdict.stamp, 'wide');
    assert.equal(onlySlice(outcome.verdict).damage[0]?.start, page);
  },
);

test(
  'a page that arrives as another one, and one that arrives as zero, stay so while the guest writes',
  { skip: qemu.skip },
  async () => {
    const outcome = await outcomeOf(
      precopyTest({
        ...facts,
        ...unixSocket,
        endHook: async ({ destination, context }) => {
          const { start, step } = context.platform.range;
          const [swapped, zeroed] = [start + 1000 * step, start + 2000 * step];
          await verifyMemory(destination);
          const { qtest, qmp } = destination;
          await qtest.write(swapped, await qtest.read(swapped + 3 * step, step));
          await qtest.write(zeroed, Buffer.alloc(step));
          await qmp.execute('cont');
          const ram = await destination.ram(context.stamped);
          const { signal } = context;
          const passes = { ram, address: start, passes: 16, timeoutMs: 60_000, signal };
          await waitGuestPasses(destination, passes);
        },
      }),
    );
    assert.equal(outcome.kind, 'failed', JSON.stringify(outcome));
    assert.ok(outcome.verdict !== undefined);
    const { damage } = onlySlice(outcome.verdict);
    const found = damage.map(({ kind, start, from }) => [kind, start, from]);
    const page = outcome.verdict.range.start + 1000 * 4096;
    assert.deepEqual(found, [
      ['misplaced', page, page + 3 * 4096],
      ['zeroed', page + 1000 * 4096, null],
    ]);
  },
);

test('damage is reported even when QEMU ends badly afterwards', { skip: qemu.skip }, async () => {
  const outcome = await outcomeOf(
    precopyTest({
      ...facts,
      ...unixSocket,
      endHook: async (pair) => {
        await verifyMemory(pair.destination);
        await alterPage(pair);
        await pair.destination.qmp.execute('cont');
        process.kill(pair.source.process.pid, 'SIGSTOP');
        setTimeout(() => {
          process.kill(pair.source.process.pid, 'SIGKILL');
        }, 1500).unref();
      },
    }),
  );
  assert.equal(outcome.kind, 'failed', JSON.stringify(outcome));
  assert.equal(outcome.failure.code, 'memory-damaged');
});

test('a guest that is reset at the destination does not pass', { skip: qemu.skip }, async () => {
  const failure = await failureOf(
    precopyTest({
      ...facts,
      ...unixSocket,
      endHook: async ({ destination }) => {
        const signs = destination.serial.length;
        await destination.qmp.execute('system_reset');
        await destination.serial.waitForB({ timeoutMs: 10_000, since: signs + 1 });
      },
    }),
  );
  assert.deepEqual([failure.code, failure.side], ['guest-restarted', 'destination']);
});

test('a migrate command that should be refused and is not fails', { skip: qemu.skip }, async () => {
  const failure = await failureOf(
    precopyTest({ ...facts, ...unixSocket, expect: { kind: 'refused' } }),
  );
  assert.equal(failure.code, 'not-refused');
});

test('a migration that should fail and does not fails', { skip: qemu.skip }, async () => {
  const failure = await failureOf(
    precopyTest({
      ...facts,
      ...unixSocket,
      // at QEMU's own limits it would not converge, and not end at all
      startHook: async (pair) => {
        await pair.ensureConverge();
      },
      expect: { kind: 'fails', throughActive: true, destination: 'alive' },
    }),
  );
  assert.equal(failure.code, 'wrong-status');
  assert.match(failure.message, /instead of failed/);
});

test(
  'a migration that should fail and goes on for ever fails soon',
  { skip: qemu.skip },
  async () => {
    const startMs = performance.now();
    const failure = await failureOf(
      precopyTest({
        ...facts,
        ...unixSocket,
        startHook: async (pair) => {
          await pair.ensureNonConverge();
        },
        expect: { kind: 'fails', throughActive: true, destination: 'alive' },
      }),
    );
    assert.equal(failure.code, 'wrong-status');
    assert.match(failure.message, /goes on, and should have failed/);
    assert.ok(performance.now() - startMs < 30_000);
  },
);

test(
  'a source that gives up is at fault, and not its destination',
  { skip: qemu.skip },
  async () => {
    const refused = findTest('/migration/precopy/tcp/tls/x509/mismatch-host')?.made?.input;
    const failure = await failureOf(
      precopyTest({ ...(refused as Parameters<typeof precopyTest>[0]), expect: undefined }),
    );
    assert.deepEqual([failure.code, failure.side], ['wrong-status', 'source']);
    assert.match(failure.message, /certificate/i);
  },
);

test('a guest that still runs at the source is noticed', { skip: qemu.skip }, async () => {
  const failure = await failureOf(
    precopyTest({
      ...facts,
      ...unixSocket,
      // It is over at the source by now, and `cont` is allowed there.
      endHook: async ({ source }) => {
        await source.qmp.execute('cont');
      },
    }),
  );
  assert.deepEqual([failure.code, failure.side], ['guest-running', 'source']);
});

for (const memory of ['memfd', 'shmem'] as const) {
  test(
    `guests with ${memory} memory pass, read through the mapping`,
    { skip: qemu.skip },
    async () => {
      const outcome = await outcomeOf(precopyTest({ ...facts, ...unixSocket, memory }));
      assert.equal(outcome.kind, 'passed', JSON.stringify(outcome));
      assert.match(outcome.verdict?.source ?? '', /mapping/);
    },
  );
}

test('a parameter that QEMU does not take is reported', { skip: qemu.skip }, async () => {
  const failure = await failureOf(
    precopyTest({ ...facts, ...unixSocket, sourceParameters: { 'max-bandwidth': 'much' } }),
  );
  assert.equal(failure.code, 'qmp-error');
  assert.match(failure.message, /source QEMU refused migrate-set-parameters/);
});

test(
  'memory that moves although the guest is stopped is noticed',
  { skip: qemu.skip },
  async () => {
    // between the two looks of the check somebody else moves the edge
    let looks = 0;
    const failure = await failureOf(precopyTest({ ...facts, ...unixSocket }), undefined, {
      beforeCheck: async ({ qmp, serial, context: { signal } }) => {
        if (++looks !== 2) return;
        const since = qmp.events.cursor;
        await qmp.execute('cont');
        await qmp.events.wait(({ name }) => name === 'RESUME', {
          ...{ what: 'event RESUME', since, timeoutMs: 5000, signal },
        });
        await serial.waitForB({ timeoutMs: 5000, since: serial.length });
        await qmp.execute('stop');
      },
    });
    assert.equal(failure.code, 'memory-moves');
  },
);
