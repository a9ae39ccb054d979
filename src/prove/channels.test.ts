import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { folderFor } from '../model/scratch.fixtures.js';
import { ChannelPlayer, ChannelRecorder } from './channels.js';
import { editedFile } from './edit.js';

const never = new AbortController().signal;

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  yield Buffer.from(text);
}

test('what is played is recorded, connection by connection', async (t) => {
  const folder = folderFor(t);
  const socket = path.join(folder, 'socket');
  {
    await using recorder = await ChannelRecorder.listen(socket, (n) => path.join(folder, `c${n}`));
    using player = new ChannelPlayer();
    await player.play(socket, [bytes('main'), bytes('first'), bytes('second')], never);
    await recorder.written(10_000, never);
    const texts = recorder.files.map((file) => readFileSync(file, 'utf8'));
    assert.deepEqual(texts, ['main', 'first', 'second']);
  }
  assert.equal(existsSync(socket), false);
});

test('a source that never connects, or never closes, is waited for until the deadline', async (t) => {
  const folder = folderFor(t);
  const socket = path.join(folder, 'socket');
  await using recorder = await ChannelRecorder.listen(socket, (n) => path.join(folder, `c${n}`));
  await assert.rejects(recorder.written(20, never), /0 of 0 are open/);
  const open = net.connect(socket);
  await once(open, 'connect');
  await assert.rejects(recorder.written(50, never), /1 of 1 are open/);
  open.destroy();
});

test('a recorder that cannot write says so, and blames the host', async (t) => {
  const folder = folderFor(t);
  const socket = path.join(folder, 'socket');
  const missing = path.join(folder, 'missing', 'c0');
  await using recorder = await ChannelRecorder.listen(socket, () => missing);
  using player = new ChannelPlayer();
  await player.play(socket, [bytes('main')], never);
  await assert.rejects(recorder.written(10_000, never), {
    code: 'recording-failed',
    blame: 'host',
    message: /could not be recorded: ENOENT.*missing/,
  });
  assert.equal(recorder.failure?.code, 'recording-failed');
});

test('a recording that cannot be read is an error of the player', async (t) => {
  const folder = folderFor(t);
  const socket = path.join(folder, 'socket');
  await using recorder = await ChannelRecorder.listen(socket, (n) => path.join(folder, `c${n}`));
  using player = new ChannelPlayer();
  const lost = editedFile(path.join(folder, 'lost'), [], never);
  await assert.rejects(player.play(socket, [lost], never), { code: 'ENOENT' });
  await recorder.written(10_000, never);
});

test('a destination that closes, or is not there, is no error of the player', async (t) => {
  const folder = folderFor(t);
  const socket = path.join(folder, 'socket');
  const server = net.createServer((connection) => {
    connection.destroy();
  });
  server.listen(socket);
  await once(server, 'listening');
  using player = new ChannelPlayer();
  async function* endless(): AsyncGenerator<Uint8Array> {
    await Promise.resolve();
    for (;;) yield Buffer.alloc(65536);
  }
  await player.play(socket, [endless()], never);
  server.close();
  await once(server, 'close');
  await player.play(socket, [endless(), bytes('')], never);
});
