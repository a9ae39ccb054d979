/**
 * What is running now, folded from events, for the live part of the terminal. Times are from
 * the caller's clock when an event arrived, since elapsed time must advance between events.
 */
import type { DroverEvent } from '../../model/events.js';
import { noCounts, totalOf, withEvent } from '../fold/counts.js';
import type { Counts } from '../fold/counts.js';
import { Labels } from '../fold/labels.js';
import { testStatusOf } from '../fold/test-status.js';

export interface RunningTest {
  readonly label: string;
  readonly sinceMs: number;
  /** the phase, or QEMU's migration status once there is one */
  readonly doing: string;
}

/** With fewer results than this there is no estimate. */
const resultsForEstimate = 3;

export class LiveProgress {
  #labels = new Labels();
  #startedMs = 0;
  #workMs = 0;
  #results = 0;
  #quarantined = 0;
  readonly #running = new Map<string, RunningTest>();
  counts: Counts = noCounts;
  total = 0;
  /** set if the run has a duration instead of a number of tests */
  #lastsMs: number | undefined;
  workers = 1;

  onEvent(event: DroverEvent, nowMs: number): void {
    switch (event.type) {
      case 'run-started':
        this.#labels = new Labels(event);
        this.#startedMs = nowMs;
        this.total = event.total;
        this.#lastsMs = event.stress?.lastsMs;
        this.workers = Math.max(1, event.workers);
        break;
      case 'test-started':
        this.#update(event, nowMs, 'starting');
        break;
      case 'phase-started':
        this.#update(event, nowMs, event.phase);
        break;
      case 'migration-status':
        if (event.side === 'source') this.#update(event, nowMs, `migrate: ${event.status}`);
        break;
      case 'test-finished':
        this.#running.delete(keyOf(event));
        this.counts = withEvent(this.counts, event);
        if (testStatusOf(event) === 'quarantined') this.#quarantined += 1;
        if (event.outcome.kind !== 'skipped') {
          this.#workMs += event.durationMs;
          this.#results += 1;
        }
        break;
      case 'run-finished':
        this.#running.clear();
        break;
      case 'warning':
        break;
    }
  }

  /** longest running first */
  get running(): readonly RunningTest[] {
    return [...this.#running.values()];
  }

  get done(): number {
    return totalOf(this.counts) + this.#quarantined;
  }

  elapsedMs(nowMs: number): number {
    return nowMs - this.#startedMs;
  }

  /**
   * Mean duration so far times the tests left, divided by the workers; null with too few results.
   */
  remainingMs(nowMs: number): number | null {
    if (this.#lastsMs !== undefined) return Math.max(0, this.#lastsMs - this.elapsedMs(nowMs));
    const left = this.total - this.done;
    if (left <= 0 || this.#results < Math.max(resultsForEstimate, this.workers)) return null;
    const meanMs = this.#workMs / this.#results;
    let workMs = left * meanMs;
    for (const { sinceMs } of this.#running.values()) workMs -= Math.min(nowMs - sinceMs, meanMs);
    return workMs / Math.min(this.workers, left);
  }

  #update(event: { test: string; attempt: number }, nowMs: number, doing: string): void {
    const key = keyOf(event);
    const sinceMs = this.#running.get(key)?.sinceMs ?? nowMs;
    this.#running.set(key, { label: this.#labels.of(event), sinceMs, doing });
  }
}

function keyOf(event: { readonly test: string; readonly attempt: number }): string {
  return `${String(event.attempt)} ${event.test}`;
}
