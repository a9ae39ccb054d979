/**
 * Operations on memory that is being read: each ends early by its own signal, and all of them end
 * when the memory is closed.
 */
import { HarnessError } from '../model/errors.js';
import type { NativeTask } from '../native/task.js';

export class UnderWay {
  readonly #source: string;
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<unknown>>();

  constructor(source: string) {
    this.#source = source;
  }

  /**
   * Runs `work` with a signal for both. A rejection after an abort becomes the abort's reason, so
   * that callers see their own reason and not how the work noticed.
   */
  async run<T>(
    signal: AbortSignal | undefined,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const closing = this.#closing.signal;
    const either = signal === undefined ? closing : AbortSignal.any([signal, closing]);
    either.throwIfAborted();
    const running = work(either);
    this.#running.add(running);
    try {
      return await running;
    } catch (error) {
      either.throwIfAborted();
      throw error;
    } finally {
      this.#running.delete(running);
    }
  }

  /** Cancels all operations, waits for them, and refuses new ones. Repeatable; never throws. */
  async close(): Promise<void> {
    this.#closing.abort(
      new HarnessError({
        code: 'ram-closed',
        blame: 'host',
        message: `guest memory was closed: ${this.#source}`,
      }),
    );
    await Promise.allSettled(this.#running);
  }
}

/** The native work is always awaited, so it has ended when the promise settles. */
export async function untilAborted<T>(task: NativeTask<T>, signal: AbortSignal): Promise<T> {
  const cancel = (): void => {
    task.cancel();
  };
  signal.addEventListener('abort', cancel, { once: true });
  try {
    return await task.promise;
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}
