/**
 * Everything said on one QMP connection, as JSON lines with timestamps, in a file. It is evidence:
 * written as it happens, so that it is there after a crash, and never in the way of the test: after a
 * write error (a full disk) it ends, and the test goes on.
 */
import { createWriteStream } from 'node:fs';
import type { WriteStream } from 'node:fs';

export type Direction = '>' | '<';

export class Transcript implements AsyncDisposable {
  readonly #stream: WriteStream;
  /** on the clock of `performance.now` */
  readonly startedAtMs = performance.now();
  #broken = false;

  constructor(readonly path: string) {
    this.#stream = createWriteStream(path, { flags: 'a', mode: 0o600 });
    this.#stream.on('error', () => {
      this.#broken = true;
    });
  }

  record(direction: Direction, line: string): void {
    if (this.#broken || this.#stream.writableEnded) return;
    const atMs = (performance.now() - this.startedAtMs).toFixed(3);
    // The line is JSON already; anything else (garbage from a peer) is kept as a string.
    const body = line.startsWith('{') && line.endsWith('}') ? line : JSON.stringify(line);
    this.#stream.write(`{"ms":${atMs},"dir":"${direction}","msg":${body}}\n`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#stream.closed) return;
    await new Promise<void>((resolve) => {
      this.#stream.once('close', resolve);
      this.#stream.once('error', () => {
        resolve();
      });
      this.#stream.end();
    });
  }
}
