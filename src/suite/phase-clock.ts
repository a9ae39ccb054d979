/** Splits the time of one attempt into its phases. */
import type { Phase, PhaseTiming } from '../model/outcome.js';

export class PhaseClock {
  /** when the attempt began, on the clock that was given */
  readonly startedAtMs: number;
  readonly #now: () => number;
  readonly #done: PhaseTiming[] = [];
  #current: { readonly phase: Phase; readonly startMs: number } | undefined;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.startedAtMs = now();
  }

  get current(): Phase | undefined {
    return this.#current?.phase;
  }

  /** finished phases, in order */
  get timings(): readonly PhaseTiming[] {
    return this.#done;
  }

  enter(phase: Phase): void {
    this.#leave();
    this.#current = { phase, startMs: this.#now() - this.startedAtMs };
  }

  /** ends the last phase; returns the whole time in milliseconds */
  stop(): number {
    this.#leave();
    return this.#now() - this.startedAtMs;
  }

  #leave(): void {
    if (this.#current === undefined) return;
    const { phase, startMs } = this.#current;
    this.#done.push({ phase, startMs, durationMs: this.#now() - this.startedAtMs - startMs });
    this.#current = undefined;
  }
}
