/**
 * The connections of a migration without one of its ends: what a source sends is kept in files, and
 * what is in files is sent to a destination.
 */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import net from 'node:net';
import { pipeline } from 'node:stream/promises';
import { pollUntil } from '../model/deadline.js';

/** Listens in place of a destination. It answers nothing, so that the source must not wait for it. */
export class ChannelRecorder implements AsyncDisposable {
  /** one for each connection, in the order in which the source made them */
  readonly files: string[] = [];
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  #open = 0;
  #failure: Error | undefined;

  private constructor(fileOf: (connection: number) => string) {
    this.#server = net.createServer((socket) => {
      socket.on('error', () => undefined);
      const file = fileOf(this.files.length);
      this.files.push(file);
      this.#sockets.add(socket);
      this.#open += 1;
      pipeline(socket, createWriteStream(file, { mode: 0o600 }))
        .catch((error: unknown) => {
          this.#failure ??= error instanceof Error ? error : new Error(String(error));
        })
        .finally(() => {
          this.#open -= 1;
          this.#sockets.delete(socket);
        });
    });
  }

  /** @param path of its UNIX socket, which goes when it ends */
  static async listen(
    path: string,
    fileOf: (connection: number) => string,
  ): Promise<ChannelRecorder> {
    const recorder = new ChannelRecorder(fileOf);
    recorder.#server.listen(path);
    await once(recorder.#server, 'listening');
    return recorder;
  }

  /** Until the source has closed all connections and the files have what it sent. */
  async written(timeoutMs: number, signal: AbortSignal): Promise<void> {
    const wait = { waitedFor: 'end of all connections of the source', timeoutMs, signal };
    await pollUntil({ ...wait, everyMs: 5 }, () => {
      if (this.#failure !== undefined) throw this.#failure;
      return this.#open === 0 && this.files.length > 0
        ? undefined
        : `${this.#open} of ${this.files.length} are open`;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** Sends to a destination, one connection each, made in this order. */
export class ChannelPlayer implements Disposable {
  readonly #sockets: net.Socket[] = [];

  /** A destination that refuses closes its end; what it says of that is its own. */
  async play(
    path: string,
    channels: readonly AsyncIterable<Uint8Array>[],
    signal: AbortSignal,
  ): Promise<void> {
    const playing: Promise<void>[] = [];
    for (const channel of channels) {
      const socket = net.connect({ path, allowHalfOpen: true });
      this.#sockets.push(socket);
      // the other end is gone: writing shows that, too
      socket.on('error', () => undefined);
      try {
        await once(socket, 'connect', { signal });
      } catch (error) {
        if (signal.aborted) throw error;
        break;
      }
      socket.resume();
      playing.push(pipeline(channel, socket, { signal }).catch(ignoreClosed));
    }
    await Promise.all(playing);
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** what an end of a connection shows whose other end has gone */
const closedCodes = ['EPIPE', 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE', 'ABORT_ERR'];

function ignoreClosed(error: unknown): void {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (!closedCodes.includes(code)) throw error;
}
