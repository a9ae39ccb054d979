/**
 * What the guest prints on its serial port: 'A' when it starts, 'B' as it goes round, '!' when it
 * refuses its parameters, a letter of its own for what its processor has lost, and for each clock
 * and timer that goes wrong. Nothing else may ever appear.
 *
 * A guest prints hundreds of characters a second, and each wake-up costs more than all other work
 * on a character. So they are read every 100 ms and when a caller asks, and at once only while a
 * caller waits for a sign of life.
 */
import { readSync } from 'node:fs';
import type { Socket } from 'node:net';
import { Cancelled, timeoutError } from '../model/deadline.js';
import type { WaitOptions } from '../model/deadline.js';
import { guestContract as contract } from '../guest/contract.js';
import { HarnessError } from '../model/errors.js';
import type { Side } from '../model/outcome.js';
import { socketFd } from './socket-fd.js';

const restMs = 100;
/**
 * A quarter of what a socket holds. A guest that prints more in 100 ms is read all the time, so
 * that it never has to wait.
 */
const manySigns = 64;

const scratch = Buffer.allocUnsafe(4096);

/** what the guest prints when its processor does not hold a value any more, and where that was */
const lostParts: ReadonlyMap<string, string> = new Map(
  (
    [
      [contract.signLostGeneral, 'its general registers (r8 to r15)'],
      [contract.signLostX87, 'its x87 registers'],
      [contract.signLostSse, 'its SSE registers'],
      [contract.signLostControl, 'its control register CR2'],
      [contract.signLostDebug, 'its debug registers'],
      [contract.signLostMsr, 'its model-specific registers'],
      [contract.signLostApic, 'its local APIC'],
    ] as const
  ).map(([sign, part]) => [String.fromCharCode(sign), part]),
);

/** what the guest prints about its clocks and timers, as the rest of a sentence */
const wrongClocks: ReadonlyMap<string, string> = new Map([
  ...(
    [
      [contract.signLostTsc, 'its time-stamp counter went back'],
      [contract.signLostCounter, 'its HPET went back'],
      [contract.signLostPmTimer, 'its power-management timer and its HPET disagree'],
      [contract.signLostRtc, 'its real-time clock stands still, or lost its year'],
    ] as const
  ).map(([sign, what]): [string, string] => [String.fromCharCode(sign), what]),
  ...(
    [
      [contract.signLostApicTimer, 'the timer of its local APIC'],
      [contract.signLostPit, 'its interval timer (PIT)'],
      [contract.signLostHpet, 'a timer of its HPET'],
    ] as const
  ).flatMap(([sign, timer]): [string, string][] => {
    const letter = String.fromCharCode(sign);
    return [
      [letter, `${timer} was armed and did not fire`],
      [letter.toUpperCase(), `${timer} fired when it was not due`],
    ];
  }),
]);

export class SerialConsole {
  readonly #socket: Socket;
  readonly #side: Side;
  readonly #arrives: boolean;
  /** the last characters only: a guest that runs for days prints a lot */
  #tail = '';
  #length = 0;
  #isFast = false;
  #lastB = -1;
  #signs = 0;
  #starts = 0;
  #broken: HarnessError | undefined;
  readonly #wake = new Set<() => void>();

  /** @param arrives whether the guest comes here by a migration instead of being started */
  constructor(socket: Socket, side: Side, arrives = false) {
    this.#socket = socket;
    this.#side = side;
    this.#arrives = arrives;
    socket.on('data', (chunk: Buffer) => {
      this.#take(chunk);
      this.#isFast ||= chunk.length >= manySigns;
      if (this.#wake.size === 0 && !this.#isFast) socket.pause();
    });
    const rest = setInterval(() => socket.resume(), restMs).unref();
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearInterval(rest);
      this.#end();
    });
  }

  /** number of characters printed so far */
  get length(): number {
    this.#readNow();
    return this.#length;
  }

  /** number of 'A's printed so far: how often this guest has started */
  get starts(): number {
    this.#readNow();
    return this.#starts;
  }

  /** what it printed that it never should have, if anything */
  get broken(): HarnessError | undefined {
    this.#readNow();
    return this.#broken;
  }

  /** number of 'B's printed so far */
  get signs(): number {
    this.#readNow();
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
      this.#readNow();
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
      this.#socket.resume();
    });
  }

  /**
   * Takes what the guest has printed by now, so that an answer does not lag behind by a turn of the
   * event loop.
   */
  #readNow(): void {
    try {
      const fd = socketFd(this.#socket);
      for (;;) {
        const length = readSync(fd, scratch);
        if (length === 0) {
          this.#end();
          return;
        }
        this.#take(scratch.subarray(0, length));
      }
    } catch {
      // nothing there; what else is wrong is met when it is read from again
    }
  }

  #end(): void {
    this.#broken ??= new HarnessError({
      code: 'serial-closed',
      blame: 'contract',
      message: `the ${this.#side}'s serial port was closed`,
      side: this.#side,
      lastSeen: this.#describe(),
    });
    this.#wakeAll();
  }

  #take(chunk: Buffer): void {
    const text = chunk.toString('latin1');
    const bad = /[^AB]/.exec(text);
    // Only a guest that has just been started checks its parameters.
    const starts = !this.#arrives && this.#signs === 0 && !text.slice(0, bad?.index).includes('B');
    const b = text.lastIndexOf('B');
    if (b >= 0) this.#lastB = this.#length + b;
    this.#signs += text.split('B').length - 1;
    this.#starts += text.split('A').length - 1;
    this.#length += text.length;
    this.#tail = (this.#tail + text).slice(-20);
    if (bad !== null) this.#broken ??= this.#fault(bad[0], starts);
    this.#wakeAll();
  }

  #fault(printed: string, starts: boolean): HarnessError {
    const common = { side: this.#side, lastSeen: this.#describe() };
    const lost = lostParts.get(printed);
    if (lost !== undefined) {
      return new HarnessError({
        code: 'processor-state-lost',
        blame: 'contract',
        message: `the guest no longer finds its values in ${lost}`,
        ...common,
      });
    }
    const wrong = wrongClocks.get(printed);
    if (wrong !== undefined) {
      return new HarnessError({
        code: 'timer-state-lost',
        blame: 'contract',
        message: `the guest says that ${wrong}`,
        ...common,
      });
    }
    if (printed !== '!') {
      const message = `the guest printed ${JSON.stringify(printed)}, which it never does`;
      return new HarnessError({ code: 'serial-garbage', blame: 'contract', message, ...common });
    }
    return starts
      ? new HarnessError({
          code: 'guest-refused-parameters',
          blame: 'host',
          message: 'the guest refused its parameter block',
          ...common,
        })
      : new HarnessError({
          code: 'guest-started-over',
          blame: 'contract',
          message:
            'the guest was reset after it had run, and no longer finds its parameter block: its memory or its processor was damaged',
          ...common,
        });
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
