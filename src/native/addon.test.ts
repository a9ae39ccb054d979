/**
 * Loading the addon, and its functions about descriptors, children and the host. Memory is tested
 * in src/memory.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { folderFor } from '../model/scratch.fixtures.js';
import { loadAddon } from './addon.js';

test('the default kernel is one of the kernels, and the reference comes first', () => {
  const addon = loadAddon();
  assert.equal(addon.kernelNames()[0], 'serial');
  assert.ok(addon.kernelNames().includes(addon.defaultKernel()));
});

test('a message with descriptors arrives, and no descriptor is left behind', async () => {
  const addon = loadAddon();
  const openBefore = readdirSync('/proc/self/fd').length;
  const [ours, theirs] = addon.socketPair();
  const memory = addon.memfdCreate('drover-test', 4096);
  await addon.sendFds(ours, Buffer.from('{"execute":"getfd"}'), [memory], 5000).promise;
  addon.closeFd(ours);
  addon.closeFd(memory);
  const socket = new Socket({ fd: theirs });
  const [data] = (await once(socket, 'data')) as [Buffer];
  assert.equal(data.toString(), '{"execute":"getfd"}');
  socket.destroy();
  await once(socket, 'close');
  // The event loop and the pool may have opened some of their own, but never one for each of the
  // above.
  assert.ok(readdirSync('/proc/self/fd').length <= openBefore + 1);
});

test('sending to a closed socket, to no socket, and for too long are errors', async () => {
  const addon = loadAddon();
  const [ours, theirs] = addon.socketPair();
  const large = Buffer.alloc(4_000_000);
  await assert.rejects(addon.sendFds(ours, large, [], 20).promise, { code: 'timed-out' });
  const sending = addon.sendFds(ours, large, [], 60_000);
  sending.cancel();
  await assert.rejects(sending.promise, { code: 'cancelled' });
  addon.closeFd(theirs);
  await assert.rejects(addon.sendFds(ours, large, [], 5000).promise, {
    code: 'system',
    errno: 'EPIPE',
  });
  addon.closeFd(ours);
  assert.throws(() => addon.sendFds(1 << 20, large, [], 5000), { code: 'system', errno: 'EBADF' });
});

test('waiting for a process that is not a child is an error', async () => {
  assert.deepEqual(await loadAddon().waitPid(1, 1000).promise, { state: 'not-a-child' });
});

test('waiting for a child that runs ends on time and leaves it alone', async () => {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  assert.deepEqual(await loadAddon().waitPid(child.pid ?? 0, 5).promise, { state: 'running' });
  child.kill('SIGKILL');
  assert.deepEqual(await once(child, 'close'), [null, 'SIGKILL']);
});

test('each probe says yes without a reason, or no with one', async (t) => {
  const addon = loadAddon();
  const folder = folderFor(t);
  const userfaultfd = await addon.probeUserfaultfd().promise;
  const kvm = await addon.probeKvm().promise;
  for (const probe of [userfaultfd, kvm, await addon.probeDirectIo(folder).promise]) {
    assert.equal(probe.available, probe.reason === '');
  }
  assert.equal(typeof userfaultfd.threadId, 'boolean');
  assert.ok(Number.isSafeInteger(kvm.dirtyRingBytes));
  assert.ok(kvm.available || !kvm.guestMemfd);
  assert.ok(kvm.guestMemfd || !kvm.guestMemfdShared);
  assert.deepEqual(readdirSync(folder), []);
  assert.match((await addon.probeDirectIo('/nowhere').promise).reason, /No such file or directory/);
});

test('arguments of the wrong kind are errors, not crashes', () => {
  const addon = loadAddon() as unknown as Record<string, (...values: unknown[]) => unknown>;
  const wrong: readonly unknown[] = [
    undefined,
    null,
    -1,
    1.5,
    Number.NaN,
    2 ** 60,
    'x',
    {},
    [1],
    5n,
  ];
  for (const name of [
    'openSharedRam',
    'openProcessRam',
    'checkStamps',
    'sendFds',
    'closeFd',
    'waitPid',
  ]) {
    for (const value of wrong) {
      assert.throws(
        () => addon[name]?.(value, value, value, value),
        Error,
        `${name} ${String(value)}`,
      );
    }
  }
});
