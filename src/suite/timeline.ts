/** The QMP events of both sides of an attempt, with their times. */
import type { AttemptTimeline, MachineSpan, QmpEventSeen } from '../model/events.js';
import type { Side } from '../model/outcome.js';
import type { QmpEvent } from '../qmp/events.js';

/** what this file uses of a machine */
export interface Spoke {
  readonly name: string;
  readonly side: Side;
  readonly startedAtMs: number;
  readonly qmp: { readonly events: { readonly all: readonly QmpEvent[] } };
}

/**
 * A migration that does not converge has events without end: the timeline keeps the first and the
 * last ones.
 */
const mostEvents = 400;

/** `startedAtMs`: when the attempt began, on the clock of `performance.now`. */
export function timelineOf(
  spoken: readonly Spoke[],
  startedAtMs: number,
): AttemptTimeline | undefined {
  if (spoken.length === 0) return undefined;
  const since = (atMs: number): number => Math.round((atMs - startedAtMs) * 1000) / 1000;
  const machines = spoken.map(({ name, side, startedAtMs: atMs }): MachineSpan => ({
    name,
    side,
    startMs: since(atMs),
  }));
  const events = spoken
    .flatMap(({ qmp }, machine) =>
      qmp.events.all.map(({ name, data, receivedAtMs }): QmpEventSeen => {
        const value = data['status'] ?? data['pass'];
        const told = typeof value === 'string' || typeof value === 'number' ? value : undefined;
        return { ms: since(receivedAtMs), machine, name, value: told };
      }),
    )
    .sort((a, b) => a.ms - b.ms);
  const leftOut = events.length - mostEvents;
  if (leftOut <= 0) return { machines, events };
  const half = mostEvents / 2;
  return { machines, events: [...events.slice(0, half), ...events.slice(-half)], leftOut };
}
