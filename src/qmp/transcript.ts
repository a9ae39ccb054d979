/**
 * Everything said on one QMP connection, as JSON lines with timestamps, in a file. It is evidence:
 * written at most 50 ms after it was said, so that it is there after a crash, and never in the
 * way of the test: after a write error (a full disk) it ends, and the test goes on.
 *
 * It is written by this thread. A few hundred bytes into the page cache take less time than it takes
 * to have them written by another one.
 */
import { closeSync, openSync, writeSync } from 'node:fs';

/** How long lines wait for others. One write for each line took as long as all other work on it. */
const gatherMs = 50;

export type Direction = '>' | '<';

export class Transcript implements AsyncDisposable {
  /** undefined once nothing more can be written */
  #descriptor: number | undefined;
  /** not written yet */
  #lines = '';
  /** on the clock of `performance.now` */
  readonly startedAtMs = performance.now();

  constructor(readonly path: string) {
    try {
      this.#descriptor = openSync(path, 'a', 0o600);
    } catch {
      // as after a write error
    }
  }

  record(direction: Direction, line: string): void {
    if (this.#descriptor === undefined) return;
    const atMs = (performance.now() - this.startedAtMs).toFixed(3);
    // The line is JSON already; anything else (garbage from a peer) is kept as a string.
    const body = line.startsWith('{') && line.endsWith('}') ? line : JSON.stringify(line);
    if (this.#lines === '') {
      setTimeout(() => {
        this.#write();
      }, gatherMs).unref();
    }
    this.#lines += `{"ms":${atMs},"dir":"${direction}","msg":${body}}\n`;
  }

  #write(): void {
    if (this.#descriptor === undefined || this.#lines === '') return;
    const bytes = Buffer.from(this.#lines);
    this.#lines = '';
    try {
      // a part of it is all that a full disk takes
      if (writeSync(this.#descriptor, bytes) < bytes.length) this.#close();
    } catch {
      this.#close();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#write();
    this.#close();
    return Promise.resolve();
  }

  #close(): void {
    if (this.#descriptor === undefined) return;
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    try {
      closeSync(descriptor);
    } catch {
      // what a full disk tells only now changes nothing either
    }
  }
}
