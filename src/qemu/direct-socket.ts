/**
 * A socket whose `data` listeners get what arrives at once. The queue of Node's streams costs as
 * much as the reading.
 */
import { Socket } from 'node:net';
import type { OnReadOpts, SocketConstructorOpts } from 'node:net';

/**
 * Reading starts with the first `data` listener. A chunk is a listener's until it returns; what it
 * keeps, it copies.
 *
 * @param fd of a connected stream socket; the socket owns it from now on
 */
export function directSocket(fd: number): Socket {
  const onread: OnReadOpts = {
    buffer: Buffer.allocUnsafe(16 * 1024),
    callback: (length, buffer) => {
      socket.emit('data', Buffer.from(buffer.buffer, buffer.byteOffset, length));
      return true;
    },
  };
  // the types of Node know `onread` only for `connect`
  const options = { fd, readable: true, writable: true, onread } as SocketConstructorOpts;
  const socket = new Socket(options).pause();
  socket.on('newListener', (name) => {
    if (name === 'data') process.nextTick(() => socket.resume());
  });
  return socket;
}
