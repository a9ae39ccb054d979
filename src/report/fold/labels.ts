/** The name of a test in a report: its path, with the attempt if the run has several. */
import type { RunStarted } from '../../model/events.js';

export class Labels {
  readonly #repeated = new Set<string>();
  readonly #allRepeated: boolean;

  constructor(run?: Pick<RunStarted, 'tests' | 'total'>) {
    const seen = new Set<string>();
    for (const test of run?.tests ?? []) {
      if (seen.has(test)) this.#repeated.add(test);
      seen.add(test);
    }
    // The list names each test once, so there can be more attempts than entries.
    this.#allRepeated = run !== undefined && run.total > run.tests.length;
  }

  isRepeated(test: string): boolean {
    return this.#allRepeated || this.#repeated.has(test);
  }

  of(attempt: { readonly test: string; readonly attempt: number }): string {
    const shown = attempt.attempt > 1 || this.isRepeated(attempt.test);
    return shown ? `${attempt.test} (attempt ${String(attempt.attempt)})` : attempt.test;
  }
}

/**
 * Names for readers that follow a test by its name from run to run: only `--repeat` adds a number, a
 * retry does not. With repetitions it is the place among those of the test that have ended.
 */
export class StableNames {
  readonly #ended = new Map<string, number>();

  constructor(private readonly labels: Labels) {}

  /** Of an attempt that is not tried again; to be asked once for each, in the order of their ends. */
  next(test: string): string {
    if (!this.labels.isRepeated(test)) return test;
    const attempt = (this.#ended.get(test) ?? 0) + 1;
    this.#ended.set(test, attempt);
    return this.labels.of({ test, attempt });
  }
}
