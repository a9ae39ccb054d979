import assert from 'node:assert/strict';
import { writeSync } from 'node:fs';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadAddon } from '../native/addon.js';
import { directSocket } from './direct-socket.js';

test('bytes come in order, those from before anybody listened first, and then the end', async () => {
  const addon = loadAddon();
  const [ours, theirs] = addon.socketPair();
  const socket = directSocket(ours);
  writeSync(theirs, 'early ');
  await sleep(20);
  const heard: string[] = [];
  const ended = once(socket, 'close');
  socket.on('data', (chunk: Buffer) => {
    heard.push(chunk.toString());
  });
  socket.on('end', () => {
    heard.push('|end');
  });
  const long = 'x'.repeat(100_000);
  writeSync(theirs, 'late ');
  writeSync(theirs, long.slice(0, 50_000));
  await sleep(1);
  writeSync(theirs, long.slice(50_000));
  addon.closeFd(theirs);
  await ended;
  assert.equal(heard.join(''), `early late ${long}|end`);
});

test('what is written arrives, and a peer that goes away closes the socket', async () => {
  const addon = loadAddon();
  const [ours, theirs] = addon.socketPair();
  const [socket, peer] = [directSocket(ours), directSocket(theirs)];
  const came = once(peer, 'data');
  socket.write('hello');
  const [chunk] = (await came) as [Buffer];
  assert.equal(chunk.toString(), 'hello');
  socket.resume();
  peer.destroy();
  await once(socket, 'close');
});
