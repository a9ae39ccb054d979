/** The timeline of a measured migration from QEMU's events and answers. Pure. */
import { asArray, asNumber, asObject, asString } from '../../model/json.js';
import type { JsonObject } from '../../model/json.js';
import type { Mark, Measured, ProgressPoint } from '../../model/measured.js';
import type { Side } from '../../model/outcome.js';
import type { QmpEvent } from '../../qmp/events.js';

/** An answer of query-migrate, and when it came: milliseconds since 1970. */
export interface Answer {
  readonly atMs: number;
  readonly answer: JsonObject;
}

/** @param zeroMs the total time began, milliseconds since 1970 */
export function marksOf(
  events: Readonly<Record<Side, readonly QmpEvent[]>>,
  zeroMs: number,
): Mark[] {
  const marks = (['source', 'destination'] as const).flatMap((side) =>
    events[side].flatMap((event) => {
      const name = markName(event);
      const { sentAtMs } = event;
      return name === undefined || sentAtMs === undefined
        ? []
        : [{ atMs: sentAtMs - zeroMs, name, side }];
    }),
  );
  return marks.sort((a, b) => a.atMs - b.atMs);
}

function markName({ name, data }: QmpEvent): string | undefined {
  if (name === 'MIGRATION') return asString(data['status']);
  if (name === 'MIGRATION_PASS') return `iteration ${asNumber(data['pass']) ?? ''}`;
  return name === 'STOP' || name === 'RESUME' ? name : undefined;
}

export function progressOf(answers: readonly Answer[], zeroMs: number): ProgressPoint[] {
  return answers.map(({ atMs, answer }) => {
    const ram = asObject(answer['ram']);
    return {
      atMs: atMs - zeroMs,
      remainingBytes: asNumber(ram['remaining']),
      transferredBytes: asNumber(ram['transferred']),
      dirtyPagesPerSecond: asNumber(ram['dirty-pages-rate']),
      megabitsPerSecond: asNumber(ram['mbps']),
      throttlePercent: asNumber(answer['cpu-throttle-percentage']),
      expectedDowntimeMs: asNumber(answer['expected-downtime']),
    };
  });
}

/** What QEMU expected right before it stopped the guest. @param stopMs as the times of the answers */
export function expectationOf(
  answers: readonly Answer[],
  stopMs: number | undefined,
): Pick<Measured, 'expectedDowntimeMs' | 'dirtyOverTransfer'> {
  const before = answers.filter(({ atMs }) => stopMs === undefined || atMs < stopMs);
  const last = <T>(read: (answer: JsonObject) => T | undefined): T | undefined =>
    before.reduce<T | undefined>((found, { answer }) => read(answer) ?? found, undefined);
  return {
    expectedDowntimeMs: last((answer) => asNumber(answer['expected-downtime'])),
    dirtyOverTransfer: last((answer) => {
      const ram = asObject(answer['ram']);
      const dirty = asNumber(ram['dirty-pages-rate']) ?? 0;
      const megabits = asNumber(ram['mbps']) ?? 0;
      // 0: not known yet
      if (dirty === 0 || megabits === 0) return undefined;
      return (dirty * (asNumber(ram['page-size']) ?? 4096) * 8) / 1e6 / megabits;
    }),
  };
}

/** What the destination says of postcopy's faults with capability `postcopy-blocktime`. */
export function faultsOf(answer: JsonObject): {
  readonly figures: Pick<Measured, 'postcopyBlocktimeMs' | 'faultLatencyUs'>;
  readonly faultLatency: number[] | undefined;
} {
  const latencyNs = asNumber(answer['postcopy-latency']);
  const counts = asArray(answer['postcopy-latency-dist']).map((count) => asNumber(count) ?? 0);
  return {
    figures: {
      postcopyBlocktimeMs: asNumber(answer['postcopy-blocktime']),
      faultLatencyUs: latencyNs === undefined ? undefined : latencyNs / 1000,
    },
    faultLatency: counts.length === 0 ? undefined : counts,
  };
}
