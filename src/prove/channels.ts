/**
 * The connections of a migration without one of its ends: what a source sends is kept in files, and
 * what is in files is sent to a destination.
 */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import net from 'node:net';
import { pipeline } from 'node:stream/promises';
import { pollUntil } from '../model/deadline.js';
import { HarnessError, toFailure } from '../model/errors.js';

/** Listens in place of a destination. It answers nothing, so that the source must not wait for it. */
export class ChannelRecorder implements AsyncDisposable {
  /** one for each connection, in the order in which the source made them */
  readonly files: string[] = [];
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  #open = 0;
  #failure: HarnessError | undefined;
  #ended = false;

  private constructor(fileOf: (connection: number) => string) {
    this.#server = net.createServer((socket) => {
      socket.on('error', () => undefined);
      const file = fileOf(this.files.length);
      this.files.push(file);
      this.#sockets.add(socket);
      this.#open += 1;
      pipeline(socket, createWriteStream(file, { mode: 0o600 }))
        .catch((error: unknown) => {
          this.#fail(error);
        })
        .finally(() => {
          this.#open -= 1;
          this.#sockets.delete(socket);
        });
    });
  }

  #fail(error: unknown): void {
    // what the end of the recorder makes of its sockets is none
    if (this.#ended) return;
    this.#failure ??= recordingError(error);
  }

  /** What kept the recorder from writing: the source only sees that nobody reads on. */
  get failure(): HarnessError | undefined {
    return this.#failure;
  }

  /** @param path of its UNIX socket, which goes when it ends */
  static async listen(
    path: string,
    fileOf: (connection: number) => string,
  ): Promise<ChannelRecorder> {
    const recorder = new ChannelRecorder(fileOf);
    recorder.#server.listen(path);
    await once(recorder.#server, 'listening');
    // such as no descriptor left for another connection
    recorder.#server.on('error', (error) => {
      recorder.#fail(error);
    });
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
    this.#ended = true;
    for (const socket of this.#sockets) socket.destroy();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }
}

function recordingError(error: unknown): HarnessError {
  const { message } = toFailure(error);
  return new HarnessError({
    ...{ code: 'recording-failed', blame: 'host', cause: error },
    message: `what the source sends could not be recorded: ${message}`,
  });
}

/** Sends to a destination, one connection each, made in this order. */
export class ChannelPlayer implements Disposable {
  readonly #sockets: net.Socket[] = [];

  /**
   * A destination that refuses closes its end, which is no error here; nor is an abort. A channel
   * that cannot be read is one.
   */
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
        playing.push(
          Promise.reject(asError(error)).catch(ignoring([...closedCodes, ...goneCodes])),
        );
        break;
      }
      socket.resume();
      playing.push(pipeline(channel, socket, { signal }).catch(ignoring(closedCodes)));
    }
    await Promise.all(playing);
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** what an end of a connection shows whose other end has gone */
const closedCodes = ['EPIPE', 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE', 'ABORT_ERR'];

/** what connecting to an address shows that nobody listens on any more */
const goneCodes = ['ECONNREFUSED', 'ENOENT'];

const asError = (error: unknown): Error =>
  error instanceof Error ? error : new Error(String(error));

const ignoring =
  (codes: readonly string[]) =>
  (error: unknown): void => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (!codes.includes(code)) throw error;
  };
