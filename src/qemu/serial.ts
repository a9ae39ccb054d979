/**
 * What the guest prints on its serial port: 'A' when it starts, 'B' as it goes round, '!' when it
 * refuses its parameters. Nothing else may ever appear.
 *
 * A guest prints hundreds of signs a second, and to wake up for each takes longer than all else that is done with it.
 * While nobody waits for one they are read now and then, and whenever somebody asks.
 */
import { Cancelled, timeoutError } from '../model/deadline.js';
import type { WaitOptions } from '../model/deadline.js';
import { HarnessError } from '../model/errors.js';
import type { Side } from '../model/outcome.js';
import type { DirectSocket } from './direct-socket.js';

/** how long nobody reads while nobody waits */
const restMs = 100;
/** So many in that time are half of what a socket holds before the guest has to wait: it is not left alone any more. */
const manySigns = 128;

export class SerialConsole {
  readonly #socket: DirectSocket;
  readonly #side: Side;
  /** runs while the socket is paused */
  #rest: NodeJS.Timeout | undefined;
  #isFast = false;
  /** the last characters only: a guest that runs for days prints a lot */
  #tail = '';
  #length = 0;
  #lastB = -1;
  #signs = 0;
  #starts = 0;
  #broken: HarnessError | undefined;
  readonly #wake = new Set<() => void>();

  constructor(socket: DirectSocket, side: Side) {
    this.#socket = socket;
    this.#side = side;
    socket.on('data', (chunk: Buffer) => {
      this.#take(chunk);
      if (chunk.length >= manySigns) this.#isFast = true;
      if (this.#wake.size === 0 && !this.#isFast) this.#pause();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#resume();
      this.#broken ??= new HarnessError({
        code: 'serial-closed',
        blame: 'contract',
        message: `the ${side}'s serial port was closed`,
        side,
        lastSeen: this.#describe(),
      });
      this.#wakeAll();
    });
  }

  /** number of characters printed so far */
  get length(): number {
    this.#socket.readNow();
    return this.#length;
  }

  /** number of 'A's printed so far: how often this guest has started anew */
  get starts(): number {
    this.#socket.readNow();
    return this.#starts;
  }

  /** what it printed that it never should have, if anything */
  get broken(): HarnessError | undefined {
    this.#socket.readNow();
    return this.#broken;
  }

  /** number of 'B's printed so far */
  get signs(): number {
    this.#socket.readNow();
    return this.#signs;
  }

  /** Waits for a 'B' at or after position `since` (0: any). */
  async waitForB(options: WaitOptions & { readonly since?: number }): Promise<void> {
    const { signal, timeoutMs, since = 0 } = options;
    const deadline = performance.now() + timeoutMs;
    while (this.#lastB < since) {
      if (this.#broken !== undefined) throw this.#broken;
      if (signal?.aborted === true) throw new Cancelled();
      const leftMs = deadline - performance.now();
      if (leftMs > 0) {
        await this.#change(leftMs, signal);
        continue;
      }
      // What has come is heard first: a busy host may have kept us from listening.
      this.#socket.readNow();
      if (this.#lastB >= since) return;
      throw timeoutError({
        waitedFor: "'B' on the serial port, the guest's sign of life,",
        timeoutMs,
        lastSeen: this.#describe(),
        side: this.#side,
      });
    }
  }

  async #change(timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        this.#wake.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      signal?.addEventListener('abort', done, { once: true });
      this.#wake.add(done);
      this.#resume();
    });
  }

  #pause(): void {
    if (this.#rest !== undefined) return;
    this.#socket.pause();
    this.#rest = setTimeout(() => {
      this.#resume();
    }, restMs);
  }

  #resume(): void {
    if (this.#rest === undefined) return;
    clearTimeout(this.#rest);
    this.#rest = undefined;
    this.#socket.resume();
  }

  #take(chunk: Buffer): void {
    const text = chunk.toString('latin1');
    const b = text.lastIndexOf('B');
    if (b >= 0) this.#lastB = this.#length + b;
    this.#signs += text.split('B').length - 1;
    this.#starts += text.split('A').length - 1;
    this.#length += text.length;
    this.#tail = (this.#tail + text).slice(-20);
    const bad = /[^AB]/.exec(text)?.[0];
    if (bad !== undefined) {
      this.#broken ??= new HarnessError({
        code: bad === '!' ? 'guest-refused-parameters' : 'serial-garbage',
        blame: bad === '!' ? 'host' : 'contract',
        message:
          bad === '!'
            ? 'the guest refused its parameter block'
            : `the guest printed ${JSON.stringify(bad)}, which it never does`,
        side: this.#side,
        lastSeen: this.#describe(),
      });
    }
    this.#wakeAll();
  }

  #describe(): string {
    return this.#length === 0
      ? 'nothing printed'
      : `printed ${this.#length} characters, the last '${this.#tail}'`;
  }

  #wakeAll(): void {
    for (const wake of [...this.#wake]) wake();
  }
}
