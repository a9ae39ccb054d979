import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect, createServer } from 'node:net';
import { getEventListeners, once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { Cancelled, timeoutError, within } from './deadline.js';

const late = (): Error => timeoutError({ waitedFor: 'word', timeoutMs: 20 });

test('a wait that runs out says what it waited for', async () => {
  const never = new Promise<never>(() => undefined);
  await assert.rejects(within(never, { timeoutMs: 20 }, late), /no word within 20 ms/);
});

test('what came before the deadline counts, even if the thread ran only after it', async () => {
  const server = createServer((socket) => socket.end('word'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket: Socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(socket, 'connect');
  await new Promise(setImmediate);
  const word = once(socket, 'data').then(String);
  const waited = within(word, { timeoutMs: 20 }, late);
  // as if the host had suspended this thread while the other end's answer is on its way
  const until = performance.now() + 60;
  while (performance.now() < until);
  try {
    assert.equal(await waited, 'word');
  } finally {
    socket.destroy();
    server.close();
  }
});

test('a signal ends a wait, before it and during it, and is not used after it', async () => {
  const never = new Promise<never>(() => undefined);
  const over = within(never, { timeoutMs: 1e6, signal: AbortSignal.abort() }, late);
  await assert.rejects(over, Cancelled);
  const stop = new AbortController();
  const waiting = within(never, { timeoutMs: 1e6, signal: stop.signal }, late);
  stop.abort();
  await assert.rejects(waiting, Cancelled);

  const open = new AbortController();
  const failed = new Error('unchanged');
  const options = { timeoutMs: 1e6, signal: open.signal };
  assert.equal(await within(Promise.resolve(3), options, late), 3);
  await assert.rejects(within(Promise.reject(failed), options, late), failed);
  assert.equal(getEventListeners(open.signal, 'abort').length, 0);
});
