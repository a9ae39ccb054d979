/**
 * The console of a Linux guest on one machine, which QEMU writes to a file, and waits for what the
 * guest says there. Each wait ends at once when the guest complains.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { pollUntil } from '../../model/deadline.js';
import { contractError } from '../../model/errors.js';
import type { TestMachine } from '../context.js';
import { ConsoleLines, standingStill } from './console-lines.js';
import type { Beat } from './console-lines.js';

const everyMs = 50;
const chunk = Buffer.alloc(64 * 1024);

/** The guest has read all of its old memory again (guest/linux/memory.c); of the rest any progress will do. */
const leastCounts = { 'old-memory': 4096 } as const;

/** lines of a failure */
const mostComplaints = 20;

export class LinuxConsole {
  readonly #lines = new ConsoleLines();
  #offset = 0;
  #seen: { readonly beat: Beat; readonly atMs: number } | undefined;

  constructor(
    readonly machine: TestMachine,
    private readonly file: string,
  ) {}

  /** the beat at which the last wait ended, and when that was */
  get lastSeen(): { readonly beat: Beat; readonly atMs: number } | undefined {
    return this.#seen;
  }

  /** Reads what has come. */
  #read(): ConsoleLines {
    const fd = openSync(this.file, 'r');
    try {
      for (;;) {
        const length = readSync(fd, chunk, 0, chunk.length, this.#offset);
        if (length === 0) break;
        this.#offset += length;
        this.#lines.take(chunk.toString('latin1', 0, length));
      }
    } finally {
      closeSync(fd);
    }
    return this.#lines;
  }

  /** @throws HarnessError `guest-complains` */
  requireNoComplaint(): void {
    const { complaints } = this.#read();
    const [first] = complaints;
    if (first === undefined) return;
    const { side } = this.machine;
    throw contractError('guest-complains', `the Linux guest on the ${side} reports: ${first}`, {
      side,
      details: complaints.slice(0, mostComplaints),
    });
  }

  /** The guest has booted, and all of `names` keep it busy. */
  async untilReady(names: readonly string[]): Promise<void> {
    let beat: Beat | undefined;
    await this.#until('report that it is ready', ({ isReady, lastBeat, lastLine }) => {
      if (isReady && lastBeat !== undefined) beat = lastBeat;
      return beat === undefined ? lastLine : undefined;
    });
    const { counts } = this.#beat(beat);
    const lacking = names.filter((name) => counts[name] === undefined);
    if (lacking.length === 0) return;
    const { side } = this.machine;
    throw contractError(
      'guest-incomplete',
      `the Linux guest lacks what should keep it busy: ${lacking.join(', ')}`,
      { side, waitedFor: names.join(', '), lastSeen: Object.keys(counts).join(', ') },
    );
  }

  /** All that keeps the guest busy has gone on between the first beat on this machine and a later one. */
  async untilAllGoesOn(): Promise<Beat> {
    let beat: Beat | undefined;
    await this.#until(
      'beat in which all has gone on',
      ({ firstBeat: from, lastBeat, lastLine }) => {
        if (from === undefined || lastBeat === undefined) return `no beat, but '${lastLine}'`;
        const still =
          lastBeat.number > from.number ? standingStill(from, lastBeat, leastCounts) : ['all'];
        if (still.length > 0) {
          return `beat ${lastBeat.number}, since beat ${from.number} without progress: ${still.join(', ')}`;
        }
        beat = lastBeat;
        return undefined;
      },
    );
    return this.#beat(beat);
  }

  #beat(beat: Beat | undefined): Beat {
    if (beat === undefined) throw new Error('a wait that ended has seen a beat');
    this.#seen = { beat, atMs: performance.now() };
    return beat;
  }

  async #until(what: string, look: (lines: ConsoleLines) => string | undefined): Promise<void> {
    const { context, side, process } = this.machine;
    const poll = {
      waitedFor: `${what} of the Linux guest`,
      timeoutMs: context.deadlines.serialMs * patience,
      everyMs,
      side,
      signal: context.signal,
    };
    await pollUntil(poll, () => {
      this.requireNoComplaint();
      if (process.status !== undefined) {
        throw process.gone(new Error(`its guest was to ${what}`));
      }
      return look(this.#read());
    });
  }
}

/** an operating system needs longer than a loop: its boot takes seconds, and a busy host makes that minutes */
const patience = 3;
