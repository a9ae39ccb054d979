/**
 * A socket that gives what comes to its `data` listeners at once, without the queue of a stream in between, which costs as
 * much as reading does. A chunk is a listener's until it returns: what it keeps it has to copy.
 */
import { readSync } from 'node:fs';
import { Socket } from 'node:net';
import type { OnReadOpts, SocketConstructorOpts } from 'node:net';

const bufferBytes = 16 * 1024;

const scratch = Buffer.allocUnsafe(bufferBytes);

export class DirectSocket extends Socket {
  readonly #fd: number;

  constructor(fd: number, onread: OnReadOpts) {
    // the types of Node know `onread` for connecting only
    super({ fd, readable: true, writable: true, onread } as SocketConstructorOpts);
    this.#fd = fd;
  }

  /** Gives its listeners what has come until now, paused or not. */
  readNow(): void {
    let length: number;
    do {
      length = this.destroyed ? 0 : this.#read();
      if (length > 0) this.emit('data', scratch.subarray(0, length));
    } while (length === scratch.length);
  }

  #read(): number {
    try {
      return readSync(this.#fd, scratch);
    } catch {
      // nothing there; what else is wrong is met when it is read from again
      return 0;
    }
  }
}

/** @param fd of a connected stream socket, which the answer owns from now on */
export function directSocket(fd: number): DirectSocket {
  /** what came before anybody listened */
  let early: Buffer[] = [];
  const onread: OnReadOpts = {
    buffer: Buffer.allocUnsafe(bufferBytes),
    callback: (length, buffer) => {
      const chunk = Buffer.from(buffer.buffer, buffer.byteOffset, length);
      if (!socket.emit('data', chunk)) early.push(Buffer.from(chunk));
      return true;
    },
  };
  const socket = new DirectSocket(fd, onread);
  socket.on('newListener', (name) => {
    if (name !== 'data' || early.length === 0) return;
    const chunks = early;
    early = [];
    process.nextTick(() => {
      for (const chunk of chunks) socket.emit('data', chunk);
    });
  });
  return socket;
}
