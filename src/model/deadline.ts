/**
 * Deadlines for waits. A wait that runs out throws a HarnessError that says what it waited for
 * and what it last saw; an aborted one throws `Cancelled`.
 */
import { HarnessError } from './errors.js';
import type { Blame } from './errors.js';
import type { Side } from './outcome.js';

/** Thrown by every wait when its signal is aborted; never a test's failure. */
export class Cancelled extends Error {
  override readonly name = 'Cancelled';
  constructor() {
    super('cancelled');
  }
}

/** While a person debugs QEMU: 23 days, about as long as a timer can be. */
export const endlessMs = 2_000_000_000;

export interface WaitOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export interface TimeoutFacts {
  /** what was awaited, such as `MIGRATION event completed` */
  readonly waitedFor: string;
  readonly timeoutMs: number;
  readonly lastSeen?: string;
  readonly side?: Side;
  /** who is blamed for the silence; default: QEMU */
  readonly blame?: Blame;
}

export function timeoutError(facts: TimeoutFacts): HarnessError {
  const on = facts.side === undefined ? '' : ` on the ${facts.side}`;
  const seen = facts.lastSeen === undefined ? '' : `; last seen: ${facts.lastSeen}`;
  return new HarnessError({
    code: 'deadline',
    blame: facts.blame ?? 'contract',
    message: `no ${facts.waitedFor}${on} within ${formatSeconds(facts.timeoutMs)}${seen}`,
    side: facts.side,
    waitedFor: facts.waitedFor,
    lastSeen: facts.lastSeen,
  });
}

function formatSeconds(timeoutMs: number): string {
  return timeoutMs < 1000 ? `${timeoutMs.toFixed(0)} ms` : `${(timeoutMs / 1000).toFixed(1)} s`;
}

/**
 * Settles as `promise` does, unless the deadline or the signal comes first. The promise itself is
 * not stopped: give this only work whose late result may be dropped.
 */
export async function within<T>(
  promise: Promise<T>,
  options: WaitOptions,
  late: () => Error,
): Promise<T> {
  const { signal, timeoutMs } = options;
  if (signal?.aborted === true) {
    promise.catch(() => undefined);
    throw new Cancelled();
  }
  // One promise for all of it: every command to a QEMU goes through here.
  return await new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => {
      // Process first what has arrived meanwhile: on a busy host this thread may have run late.
      setImmediate(() => {
        fail(late());
      });
    }, timeoutMs);
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
    const fail = (error: unknown): void => {
      done();
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- passed on unchanged
      reject(error);
    };
    const onAbort = (): void => {
      fail(new Cancelled());
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    promise.then((value) => {
      done();
      resolve(value);
    }, fail);
  });
}

export interface Poll extends Omit<TimeoutFacts, 'lastSeen'>, WaitOptions {
  readonly everyMs: number;
}

/**
 * Looks again and again, for what no event reports. @param look undefined once it is there, else
 * what was seen instead
 */
export async function pollUntil(
  poll: Poll,
  look: () => Promise<string | undefined> | string | undefined,
): Promise<void> {
  const deadline = performance.now() + poll.timeoutMs;
  for (;;) {
    const lastSeen = await look();
    if (lastSeen === undefined) return;
    if (performance.now() > deadline) throw timeoutError({ ...poll, lastSeen });
    await pause(poll.everyMs, poll.signal);
  }
}

/** Pauses between two polls; ends at once when aborted. Not for logic that an event could drive. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) throw new Cancelled();
  await new Promise<void>((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(new Cancelled());
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
