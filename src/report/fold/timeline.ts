/**
 * When and on which worker each attempt of a run ran, for timelines. Computes worker numbers if the
 * log has none, for logs of older versions and of several shards.
 */
import type { DroverEvent, EventOf } from '../../model/events.js';
import { RunRecord } from './summary.js';

export interface TimedAttempt {
  readonly finished: EventOf<'test-finished'>;
  /** milliseconds since the run (or its shard) started */
  readonly startMs: number;
  readonly endMs: number;
  /** place among those that ran at the same time, from 0; undefined if it never ran */
  readonly slot: number | undefined;
  /** 1 unless the log is a merged one */
  readonly shard: number;
}

interface Start {
  atMs: number;
  readonly slot: number | undefined;
  hasPhase: boolean;
}

const keyOf = (event: { test: string; attempt: number; fromShard?: number }): string =>
  `${String(event.fromShard ?? 1)} ${String(event.attempt)} ${event.test}`;

export class TimedRun {
  readonly record = new RunRecord();
  readonly #starts = new Map<string, Start>();
  readonly #startOf = new Map<EventOf<'test-finished'>, Start>();

  add(event: DroverEvent): void {
    this.record.add(event);
    if (event.type === 'test-started') {
      const { atMs, slot } = event;
      this.#starts.set(keyOf(event), { atMs, slot, hasPhase: false });
    } else if (event.type === 'phase-started') {
      // The worker's clock starts with the first phase; before that, the worker had not received
      // the attempt.
      const start = this.#starts.get(keyOf(event));
      if (start === undefined || start.hasPhase) return;
      start.atMs = event.atMs;
      start.hasPhase = true;
    } else if (event.type === 'test-finished') {
      const key = keyOf(event);
      const start = this.#starts.get(key);
      if (start !== undefined) this.#startOf.set(event, start);
      this.#starts.delete(key);
    }
  }

  /** In the order they finished. */
  attempts(): TimedAttempt[] {
    const attempts = this.record.tests.map((finished): TimedAttempt => {
      const start = this.#startOf.get(finished);
      const { atMs, durationMs, fromShard: shard = 1 } = finished;
      const startMs = start?.atMs ?? Math.max(0, atMs - durationMs);
      const ran = start !== undefined || durationMs > 0;
      const slot = ran ? (finished.slot ?? start?.slot) : undefined;
      const endMs = Math.max(startMs, Math.min(atMs, startMs + durationMs));
      return { finished, startMs, endMs, slot, shard };
    });
    return withSlots(attempts);
  }
}

/** The lowest free place, if the event has none. */
function withSlots(attempts: readonly TimedAttempt[]): TimedAttempt[] {
  const ran = ({ startMs, endMs, finished }: TimedAttempt): boolean =>
    endMs > startMs || finished.phases.length > 0;
  const needy = attempts.filter((attempt) => attempt.slot === undefined && ran(attempt));
  const slots = new Map<TimedAttempt, number>();
  const freeAtMs = new Map<number, number[]>();
  for (const attempt of needy.sort((a, b) => a.startMs - b.startMs)) {
    const places = freeAtMs.get(attempt.shard) ?? [];
    freeAtMs.set(attempt.shard, places);
    const free = places.findIndex((atMs) => atMs <= attempt.startMs);
    const slot = free < 0 ? places.length : free;
    places[slot] = attempt.endMs;
    slots.set(attempt, slot);
  }
  return attempts.map((attempt) => ({ ...attempt, slot: attempt.slot ?? slots.get(attempt) }));
}
