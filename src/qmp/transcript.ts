/**
 * Everything said on one QMP connection, as JSON lines with timestamps, in a file. It is evidence:
 * a command is written before it is sent, and an answer or event at most 50 ms after it came, so
 * that all is there after a crash. It is never in the way of the test: after a write error (a full
 * disk) it ends, and the test goes on.
 *
 * It is written by this thread. A few hundred bytes into the page cache take less time than it
 * takes to have them written by another one.
 */
import { closeSync, openSync, writeSync } from 'node:fs';

/** How long lines wait for others. One write for each line took as long as all other work on it. */
const gatherMs = 50;

/** of this thread; written when it exits, by itself or by an error that nobody caught */
const open = new Set<Transcript>();
process.on('exit', () => {
  for (const transcript of open) transcript.write();
});

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
      open.add(this);
    } catch {
      // as after a write error
    }
  }

  record(direction: Direction, line: string): void {
    if (this.#descriptor === undefined) return;
    const atMs = (performance.now() - this.startedAtMs).toFixed(3);
    // The line is JSON already; anything else (garbage from a peer) is kept as a string.
    const body = line.startsWith('{') && line.endsWith('}') ? line : JSON.stringify(line);
    const isFirst = this.#lines === '';
    this.#lines += `{"ms":${atMs},"dir":"${direction}","msg":${body}}\n`;
    if (direction === '>') this.write();
    else if (isFirst) setTimeout(() => this.write(), gatherMs).unref();
  }

  /** Writes what was gathered. */
  write(): void {
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
    this.write();
    this.#close();
    return Promise.resolve();
  }

  #close(): void {
    open.delete(this);
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
