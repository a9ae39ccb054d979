/**
 * Samples how much memory all QEMUs use, together and per attempt. It does not see peaks between
 * two samples. It never delays a run, and uses at most a fiftieth of one core.
 */
import { memoryOfDescendants } from '../qemu/memory-use.js';
import type { ProcessMemory } from '../qemu/memory-use.js';

const everyMs = 1000;
const leastRest = 50;

export class MemoryMeter implements Disposable {
  readonly #look: () => Promise<readonly ProcessMemory[]>;
  readonly #attempts = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #highBytes = 0;
  #ended = false;

  constructor(look: () => Promise<readonly ProcessMemory[]> = memoryOfDescendants) {
    this.#look = look;
    this.#later(everyMs);
  }

  /** peak of all together; undefined without a sample */
  get highBytes(): number | undefined {
    return this.#highBytes === 0 ? undefined : this.#highBytes;
  }

  /**
   * Starts to sample the processes that run in a directory; the returned function stops and returns
   * their peak together.
   */
  watch(directory: string): () => number | undefined {
    this.#attempts.set(directory, 0);
    return () => {
      const bytes = this.#attempts.get(directory);
      this.#attempts.delete(directory);
      return bytes === 0 ? undefined : bytes;
    };
  }

  async sample(): Promise<void> {
    let all = 0;
    const sums = new Map<string, number>();
    for (const { cwd, bytes } of await this.#look()) {
      if (!this.#attempts.has(cwd)) continue;
      all += bytes;
      sums.set(cwd, (sums.get(cwd) ?? 0) + bytes);
    }
    this.#highBytes = Math.max(this.#highBytes, all);
    for (const [directory, bytes] of sums) {
      const before = this.#attempts.get(directory);
      if (before !== undefined) this.#attempts.set(directory, Math.max(before, bytes));
    }
  }

  [Symbol.dispose](): void {
    this.#ended = true;
    clearTimeout(this.#timer);
  }

  #later(ms: number): void {
    if (this.#ended) return;
    this.#timer = setTimeout(() => {
      const startMs = performance.now();
      void this.sample()
        .catch(() => undefined)
        .then(() => {
          this.#later(Math.max(everyMs, leastRest * (performance.now() - startMs)));
        });
    }, ms);
    this.#timer.unref();
  }
}
