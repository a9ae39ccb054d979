/**
 * The events one QEMU sent, kept in order, and waits over them. A wait begins at a cursor, so an
 * event that came before the wait was set up is never lost, and one that belongs to an earlier
 * migration is never mistaken for a new one.
 */
import { Cancelled, timeoutError } from '../model/deadline.js';
import type { WaitOptions } from '../model/deadline.js';
import type { JsonObject } from '../model/json.js';
import type { Side } from '../model/outcome.js';

export interface QmpEvent {
  /** position in the log, from 0 */
  readonly index: number;
  readonly name: string;
  readonly data: JsonObject;
  /** milliseconds on the monotonic clock (performance.now) when Drover read it */
  readonly receivedAtMs: number;
  /** QEMU's time stamp: milliseconds of the host's clock since 1970, with microseconds */
  readonly sentAtMs?: number | undefined;
}

/** A position in the event log; what came at or after it is new. */
export type EventCursor = number;

interface Waiter {
  readonly from: EventCursor;
  readonly match: (event: QmpEvent) => boolean;
  readonly settle: (event: QmpEvent) => void;
  readonly fail: (error: Error) => void;
}

export interface EventWait extends WaitOptions {
  /** what is awaited, for the error */
  readonly what: string;
  /** where to begin; default: 0, every event ever seen */
  readonly since?: EventCursor;
}

export class EventLog {
  readonly #events: QmpEvent[] = [];
  readonly #waiters = new Set<Waiter>();
  readonly #listeners = new Set<(event: QmpEvent) => void>();
  #closed: Error | undefined;

  constructor(private readonly side: Side | undefined) {}

  /** the position after the last event */
  get cursor(): EventCursor {
    return this.#events.length;
  }

  get all(): readonly QmpEvent[] {
    return this.#events;
  }

  /** short text of the last few events, for errors */
  get tail(): string {
    if (this.#events.length === 0) return 'no event';
    return this.#events.slice(-4).map(describeEvent).join(', ');
  }

  listen(listener: (event: QmpEvent) => void): void {
    this.#listeners.add(listener);
  }

  add(name: string, data: JsonObject, sentAtMs?: number): void {
    const receivedAtMs = performance.now();
    const event = { index: this.#events.length, name, data, receivedAtMs, sentAtMs };
    this.#events.push(event);
    for (const listener of this.#listeners) listener(event);
    for (const waiter of [...this.#waiters]) {
      if (event.index >= waiter.from && waiter.match(event)) waiter.settle(event);
    }
  }

  /** no further event will come: every wait fails with `reason` */
  close(reason: Error): void {
    this.#closed ??= reason;
    for (const waiter of [...this.#waiters]) waiter.fail(this.#closed);
  }

  find(match: (event: QmpEvent) => boolean, since: EventCursor = 0): QmpEvent | undefined {
    return this.#events.slice(since).find(match);
  }

  async wait(match: (event: QmpEvent) => boolean, options: EventWait): Promise<QmpEvent> {
    const from = options.since ?? 0;
    const seen = this.find(match, from);
    if (seen !== undefined) return seen;
    if (this.#closed !== undefined) throw this.#closed;
    const { signal } = options;
    if (signal?.aborted === true) throw new Cancelled();
    return await new Promise<QmpEvent>((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        this.#waiters.delete(waiter);
      };
      const waiter: Waiter = {
        from,
        match,
        settle: (event) => {
          done();
          resolve(event);
        },
        fail: (error) => {
          done();
          reject(error);
        },
      };
      const onAbort = (): void => {
        waiter.fail(new Cancelled());
      };
      const timer = setTimeout(() => {
        // Process first what QEMU has sent meanwhile: on a busy host this thread may have run late.
        setImmediate(() => {
          if (!this.#waiters.has(waiter)) return;
          waiter.fail(
            timeoutError({
              waitedFor: options.what,
              timeoutMs: options.timeoutMs,
              lastSeen: this.tail,
              side: this.side,
            }),
          );
        });
      }, options.timeoutMs);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiters.add(waiter);
    });
  }

  /** events from `since` on, one after another, each awaited with its own deadline */
  async *follow(options: EventWait): AsyncGenerator<QmpEvent, void, undefined> {
    let next = options.since ?? 0;
    for (;;) {
      const event = await this.wait(() => true, { ...options, since: next });
      next = event.index + 1;
      yield event;
    }
  }
}

export function describeEvent(event: QmpEvent): string {
  const status = event.data['status'] ?? event.data['pass'];
  return typeof status === 'string' || typeof status === 'number'
    ? `${event.name} ${status}`
    : event.name;
}
