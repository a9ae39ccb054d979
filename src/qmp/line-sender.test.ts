import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { HarnessError } from '../model/errors.js';
import { LineSender } from './line-sender.js';

const closed = (cause: Error): HarnessError =>
  new HarnessError({ code: 'qmp-closed', blame: 'contract', message: cause.message, cause });

/** Takes each write a moment later, and keeps what it took. */
function slowPeer(taken: string[]): Writable {
  return new Writable({
    decodeStrings: false,
    write: (chunk, _encoding, done) => {
      setTimeout(() => {
        if (String(chunk) !== '') taken.push(String(chunk));
        done();
      }, 2);
    },
  });
}

const soon = async (ms: number): Promise<void> => {
  await new Promise((resolve) => setTimeout(resolve, ms));
};

test('lines go out in order, whatever waits for descriptors to be sent', async () => {
  const taken: string[] = [];
  const failures: string[] = [];
  const socket = slowPeer(taken);
  const sendFds = async (data: Buffer, fds: readonly number[]): Promise<void> => {
    await soon(5);
    if (fds[0] === 9) throw new Error('no such descriptor');
    taken.push(`${data.toString()}+${fds.join(',')}`);
  };
  const sender = new LineSender({ socket, sendFds, closed });
  const failed = (error: Error): void => void failures.push(error.message);
  sender.send('a', [], failed);
  sender.send('b', [], failed);
  sender.send('c', [4, 5], failed);
  sender.send('d', [], failed);
  sender.send('e', [9], failed);
  sender.send('f', [6], failed);
  sender.send('g', [], failed);
  // until nothing waits any more
  while (!taken.includes('g')) await soon(5);
  sender.send('h', [], failed);
  await new Promise<void>((resolve) => socket.end(resolve));
  assert.deepEqual(taken, ['a', 'b', 'c+4,5', 'd', 'f+6', 'g', 'h']);
  assert.deepEqual(failures, ['no such descriptor']);
});

test('a connection that accepts no more data fails each line, with the command in the error', async () => {
  const socket = slowPeer([]);
  socket.on('error', () => undefined);
  const sender = new LineSender({ socket, sendFds: () => Promise.resolve(), closed });
  socket.destroy();
  const codes = await Promise.all(
    [[], [4]].map(
      async (fds) =>
        await new Promise((resolve) => {
          sender.send('x', fds, (error) => {
            resolve(error instanceof HarnessError ? error.input.code : error);
          });
        }),
    ),
  );
  assert.deepEqual(codes, ['qmp-closed', 'qmp-closed']);
});

test('descriptors need a way to send them', async () => {
  const sender = new LineSender({ socket: slowPeer([]), closed });
  const error = await new Promise<Error>((resolve) => {
    sender.send('x', [4], resolve);
  });
  assert.ok(error instanceof HarnessError);
  assert.equal(error.input.code, 'qmp-no-fd-passing');
});
