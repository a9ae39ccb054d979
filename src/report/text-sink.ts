/**
 * Writes text to a stream during the run. A reader that closed the pipe (`| head`, a closed
 * terminal) is no error: the sink stops writing. It keeps any other error for the end.
 */
import type { Writable } from 'node:stream';
import { timeoutError, within } from '../model/deadline.js';
import { HarnessError } from '../model/errors.js';

/** What the sink uses of a stream; `process.stdout` and any Writable fit. */
export type TextStream = Writable & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};

const drainTimeoutMs = 10_000;

export class TextSink {
  readonly #stream: TextStream;
  #error: Error | undefined;
  #readerGone = false;

  constructor(stream: TextStream) {
    this.#stream = stream;
    // Never removed: an error may come after the last write, and without a listener it would end
    // the process.
    stream.on('error', (error: NodeJS.ErrnoException) => {
      this.#onError(error);
    });
  }

  /** whether the reader still reads */
  get open(): boolean {
    return !this.#readerGone && this.#error === undefined && this.#stream.writable;
  }

  write(text: string): void {
    if (!this.open || text === '') return;
    try {
      this.#stream.write(text);
    } catch (error) {
      this.#onError(error as NodeJS.ErrnoException);
    }
  }

  writeLines(lines: readonly string[]): void {
    if (lines.length > 0) this.write(`${lines.join('\n')}\n`);
  }

  /**
   * Waits until the stream has taken all text; does not close the stream, which belongs to the
   * caller.
   */
  async flush(timeoutMs = drainTimeoutMs): Promise<void> {
    if (this.open) {
      const handedOver = new Promise<void>((resolve) => {
        this.#stream.write('', (error) => {
          if (error) this.#onError(error);
          resolve();
        });
      });
      await within(handedOver, { timeoutMs }, () =>
        timeoutError({ waitedFor: 'reader of the output', timeoutMs, blame: 'host' }),
      );
    }
    if (this.#error !== undefined) {
      throw new HarnessError({
        code: 'output-not-written',
        blame: 'host',
        message: `cannot write the output: ${this.#error.message}`,
        cause: this.#error,
      });
    }
  }

  #onError(error: NodeJS.ErrnoException): void {
    // A terminal that hung up answers with EIO where a pipe says EPIPE.
    if (error.code === 'EPIPE' || (error.code === 'EIO' && this.#stream.isTTY === true)) {
      this.#readerGone = true;
    } else this.#error ??= error;
  }
}
