/**
 * QEMUs that crash, hang, cannot be reached, or do not go when they should: who is blamed, and how
 * soon.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { facts, failureOf, qemu } from './attempt.fixtures.js';
import { precopyTest } from './definition.js';
import { harmed } from './sabotage.fixtures.js';
import { unixSocket } from './tests/unix-socket.js';

test(
  'a destination that nobody can reach is reported at once, with the reason',
  { skip: qemu.skip },
  async () => {
    const failure = await failureOf(
      precopyTest({
        ...facts,
        ...unixSocket,
        connect: 'unix:$DIR/elsewhere',
        live: true,
      }),
    );
    assert.equal(failure.code, 'wrong-status');
    assert.match(failure.message, /failed on the source.*No such file or directory/);
  },
);

for (const live of [true, false]) {
  test(
    `a destination that crashes is the one that is blamed (${live ? 'live' : 'stopped'})`,
    { skip: qemu.skip },
    async () => {
      const failure = await failureOf(
        precopyTest({ ...facts, ...unixSocket, live }),
        undefined,
        harmed({
          moment: { side: 'destination', status: 'active' },
          victim: 'destination',
          signal: 'SIGSEGV',
        }),
      );
      assert.deepEqual([failure.code, failure.side], ['qemu-exited', 'destination']);
      assert.match(failure.message, /ended by SIGSEGV unexpectedly/);
    },
  );
}

test(
  'a source that hangs runs into the deadline of the test, with the state of both',
  { skip: qemu.skip },
  async () => {
    const failure = await failureOf(
      precopyTest({ ...facts, ...unixSocket, live: true }),
      4000,
      harmed({
        moment: { side: 'source', status: 'active' },
        victim: 'source',
        signal: 'SIGSTOP',
      }),
    );
    assert.equal(failure.code, 'test-timeout');
    assert.equal(failure.phase, 'migrate');
    assert.match(failure.details?.join('\n') ?? '', /== source[\s\S]*== destination/);
  },
);

test('a QEMU that ends on its own before it is asked fails', { skip: qemu.skip }, async () => {
  const failure = await failureOf(
    precopyTest({
      ...facts,
      listen: 'tcp:127.0.0.1:0',
      connect: 'tcp:127.0.0.1:0',
      expect: { kind: 'fails', throughActive: false, destination: 'alive' },
      endHook: async ({ destination }) => {
        await destination.qmp.execute('quit');
        await destination.process.waitForExit(5000);
      },
    }),
  );
  assert.deepEqual([failure.code, failure.side], ['wrong-exit', 'destination']);
});

test(
  'a QEMU that does not quit when asked fails, with what its threads were at',
  { skip: qemu.skip },
  async () => {
    const failure = await failureOf(
      precopyTest({
        ...facts,
        listen: 'tcp:127.0.0.1:0',
        connect: 'tcp:127.0.0.1:0',
        expect: { kind: 'fails', throughActive: false, destination: 'alive' },
        endHook: ({ source }) => {
          process.kill(source.process.pid, 'SIGSTOP');
          return Promise.resolve();
        },
      }),
      undefined,
      { stopTimeouts: { quit: 2000, term: 500, kill: 10_000 } },
    );
    assert.deepEqual([failure.code, failure.side], ['no-orderly-exit', 'source']);
    assert.match(failure.details?.join('\n') ?? '', /^thread \d+ .*: T \(stopped\)/m);
  },
);
