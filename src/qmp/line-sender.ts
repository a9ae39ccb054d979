/** Writes lines to a connection in the order they come, some with file descriptors attached. */
import type { Duplex } from 'node:stream';
import { HarnessError } from '../model/errors.js';
import type { Side } from '../model/outcome.js';

/**
 * Sends bytes with file descriptors attached on the client's socket, after all that was written
 * before.
 */
export type FdSender = (data: Buffer, fds: readonly number[]) => Promise<void>;

export interface LineSenderOptions {
  readonly socket: Pick<Duplex, 'write'>;
  readonly side?: Side;
  readonly sendFds?: FdSender;
  /** the error for a connection that accepts no more data */
  readonly closed: (cause: Error) => HarnessError;
}

export class LineSender {
  readonly #options: LineSenderOptions;
  #chain: Promise<void> = Promise.resolve();
  /** how many are in the chain */
  #waiting = 0;

  constructor(options: LineSenderOptions) {
    this.#options = options;
  }

  /** @param failed called if the line could not be sent */
  send(line: string, fds: readonly number[], failed: (error: Error) => void): void {
    if (fds.length === 0 && this.#waiting === 0) {
      this.#write(line, failed);
      return;
    }
    // One after another: descriptors belong to the bytes that they were sent with.
    this.#waiting += 1;
    this.#chain = this.#chain
      .then(async () => {
        if (fds.length === 0) this.#write(line, failed);
        else await this.#sendFds(line, fds);
      })
      .catch((error: unknown) => {
        failed(error instanceof Error ? error : new Error(String(error)));
      })
      .finally(() => {
        this.#waiting -= 1;
      });
  }

  #write(line: string, failed: (error: Error) => void): void {
    const { socket, closed } = this.#options;
    socket.write(line, (error) => {
      if (error) failed(closed(error));
    });
  }

  async #sendFds(line: string, fds: readonly number[]): Promise<void> {
    const { socket, sendFds, side, closed } = this.#options;
    if (sendFds === undefined) {
      throw new HarnessError({
        code: 'qmp-no-fd-passing',
        blame: 'host',
        message: 'this QMP connection cannot carry file descriptors',
        side,
      });
    }
    // when an empty write completes, all writes before it have completed
    await new Promise<void>((resolve, reject) => {
      socket.write('', (error) => {
        if (error) reject(closed(error));
        else resolve();
      });
    });
    await sendFds(Buffer.from(line), fds);
  }
}
