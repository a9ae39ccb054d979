/**
 * One line on stderr that says how far long work is. For a terminal only, and not for work that is
 * over at once.
 */
import type { OnProgress } from '../../memory/image-work.js';

export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Work shorter than this leaves no trace. */
const silentMs = 500;
const barWidth = 30;
const clearLine = '\r\x1b[K';

export class ProgressLine implements Disposable {
  readonly #stream: ProgressStream;
  readonly #now: () => number;
  readonly #active: boolean;
  #shown = false;

  constructor(stream: ProgressStream, plain: boolean, now: () => number = () => performance.now()) {
    this.#stream = stream;
    this.#now = now;
    this.#active = stream.isTTY === true && !plain;
  }

  /** undefined without a terminal, so that nothing is polled */
  step(what: string): OnProgress | undefined {
    if (!this.#active) return undefined;
    const startedMs = this.#now();
    return (done, total) => {
      const elapsedMs = this.#now() - startedMs;
      if (elapsedMs < silentMs) return;
      this.#shown = true;
      this.#stream.write(clearLine + this.#text(what, done, total, elapsedMs));
    };
  }

  /** Takes the line away, before other output and at the end. */
  clear(): void {
    if (!this.#shown) return;
    this.#shown = false;
    this.#stream.write(clearLine);
  }

  [Symbol.dispose](): void {
    this.clear();
  }

  #text(what: string, done: number, total: number, elapsedMs: number): string {
    const elapsed = `${(elapsedMs / 1000).toFixed(0)} s`;
    if (!(total > 0)) return this.#fit(`${what} ${elapsed}`);
    const share = Math.min(1, done / total);
    const filled = Math.round(share * barWidth);
    const bar = `${'#'.repeat(filled)}${'.'.repeat(barWidth - filled)}`;
    const left =
      share > 0.02 ? `, ${((elapsedMs * (1 - share)) / share / 1000).toFixed(0)} s left` : '';
    return this.#fit(`${what} [${bar}] ${(share * 100).toFixed(0)} %${left}`);
  }

  /** A line that wraps could not be taken back. */
  #fit(text: string): string {
    return text.slice(0, Math.max(20, (this.#stream.columns ?? 80) - 1));
  }
}
