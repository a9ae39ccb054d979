/** What one QEMU of an attempt did and when, from its events: for timelines. Pure. */
import type { QmpEventSeen } from '../../model/events.js';
import { endStatuses } from '../../model/outcome.js';

export interface Stretch {
  readonly text: string;
  readonly startMs: number;
  readonly endMs: number;
}

/** From one event of its kind to the next, or to the end. */
export function stretchesOf(
  events: readonly QmpEventSeen[],
  kind: string,
  endMs: number,
): Stretch[] {
  const own = events.filter(({ name }) => name === kind);
  return own.map(({ ms, value = '' }, index) => ({
    text: String(value),
    startMs: ms,
    endMs: own[index + 1]?.ms ?? endMs,
  }));
}

/**
 * Iterations, by number. MIGRATION_PASS marks the beginning of each but the first, which begins
 * with the status `active`; the last ends with the migration.
 */
export function passesOf(events: readonly QmpEventSeen[], endMs: number): Stretch[] {
  const statuses = stretchesOf(events, 'MIGRATION', endMs);
  const end = statuses.find(({ text }) => endStatuses.includes(text))?.startMs ?? endMs;
  const active = statuses.find(({ text }) => text === 'active');
  const passes = stretchesOf(events, 'MIGRATION_PASS', end)
    .filter(({ startMs }) => startMs < end)
    .map((pass) => ({ ...pass, endMs: Math.min(pass.endMs, end) }));
  const [second] = passes;
  if (second?.text !== '2' || active === undefined || active.startMs >= second.startMs) {
    return passes;
  }
  return [{ text: '1', startMs: active.startMs, endMs: second.startMs }, ...passes];
}
