/**
 * A run as tracks of a timeline, in the trace format that Perfetto and chrome://tracing read: a
 * process for each shard; for each worker a track with tests and their phases, below it one for
 * each QEMU with its migration status and events, and one for its iterations.
 */
import type { AttemptTimeline } from '../../model/events.js';
import { passesOf, stretchesOf } from '../fold/machine-times.js';
import type { TimedAttempt } from '../fold/timeline.js';
import { endStatuses } from '../../model/outcome.js';
import { printableLine } from '../../model/text/printable.js';
import { testStatusOf } from '../fold/test-status.js';

export interface TraceEvent {
  /** beginning, end, instant, or the name of a track */
  readonly ph: 'B' | 'E' | 'i' | 'M';
  readonly pid: number;
  readonly tid: number;
  /** microseconds */
  readonly ts: number;
  readonly name?: string;
  readonly cat?: string;
  /** of an instant: it belongs to its track */
  readonly s?: 't';
  readonly args?: Readonly<Record<string, string | number>>;
}

/** tracks of one worker: the worker itself, then two for each QEMU */
const tracksPerWorker = 16;
const mostMachines = (tracksPerWorker - 2) / 2;

interface Slice {
  readonly name: string;
  readonly category: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly args?: Readonly<Record<string, string | number>>;
}

/** One track of one attempt; all times are kept within the attempt, so that slices nest. */
class Track {
  readonly events: TraceEvent[] = [];
  constructor(
    readonly pid: number,
    readonly tid: number,
    readonly timed: TimedAttempt,
  ) {}

  #micros(ms: number): number {
    const { startMs, endMs } = this.timed;
    return Math.round(Math.min(Math.max(startMs + ms, startMs), endMs) * 1000);
  }

  /** `inside` adds what happens before the slice ends */
  slice({ name, category, startMs, endMs, args }: Slice, inside?: () => void): void {
    const { pid, tid } = this;
    this.events.push({ ph: 'B', pid, tid, ts: this.#micros(startMs), name, cat: category, args });
    inside?.();
    this.events.push({ ph: 'E', pid, tid, ts: this.#micros(Math.max(startMs, endMs)) });
  }

  instant(name: string, atMs: number): void {
    const { pid, tid } = this;
    this.events.push({ ph: 'i', pid, tid, ts: this.#micros(atMs), name, cat: 'qmp', s: 't' });
  }
}

const lengthOf = ({ startMs, endMs }: TimedAttempt): number => endMs - startMs;

function workerTrack(track: Track): void {
  const { finished } = track.timed;
  const { outcome, test, attempt, phases } = finished;
  const args: Record<string, string | number> = { attempt, outcome: testStatusOf(finished) };
  if (outcome.kind === 'failed' || outcome.kind === 'broken') {
    args['code'] = outcome.failure.code;
    args['message'] = printableLine(outcome.failure.message);
  }
  const whole = { name: test, category: 'test', startMs: 0, endMs: lengthOf(track.timed), args };
  track.slice(whole, () => {
    for (const { phase, startMs, durationMs } of phases) {
      track.slice({ name: phase, category: 'phase', startMs, endMs: startMs + durationMs });
    }
  });
}

function machineTrack(track: Track, timeline: AttemptTimeline, index: number): void {
  const machine = timeline.machines[index];
  if (machine === undefined) return;
  const endMs = lengthOf(track.timed);
  const events = timeline.events.filter((event) => event.machine === index);
  const statuses = stretchesOf(events, 'MIGRATION', endMs);
  const name = `QEMU ${machine.name}`;
  track.slice({ name, category: 'qemu', startMs: machine.startMs, endMs }, () => {
    const rest = events.filter((event) => event.name !== 'MIGRATION');
    const tell = (beforeMs: number): void => {
      while (rest[0] !== undefined && rest[0].ms < beforeMs) {
        const { name: event, value, ms } = rest.shift() ?? rest[0];
        track.instant(value === undefined ? event : `${event} ${String(value)}`, ms);
      }
    };
    for (const { text, startMs, endMs: until } of statuses) {
      tell(startMs);
      if (endStatuses.includes(text)) track.instant(`migration ${text}`, startMs);
      else {
        const slice = { name: text, category: 'migration', startMs, endMs: until };
        track.slice(slice, () => {
          tell(until);
        });
      }
    }
    tell(Infinity);
  });
}

function passTrack(track: Track, timeline: AttemptTimeline, index: number): void {
  const events = timeline.events.filter((event) => event.machine === index);
  for (const { text, startMs, endMs } of passesOf(events, lengthOf(track.timed))) {
    track.slice({ name: `iteration ${text}`, category: 'iteration', startMs, endMs });
  }
}

/** The events of one attempt, each track in the order of time; none where it never ran. */
export function attemptTracks(timed: TimedAttempt): TraceEvent[][] {
  const { slot, shard, finished } = timed;
  if (slot === undefined) return [];
  const base = slot * tracksPerWorker + 1;
  const tracks = [new Track(shard, base, timed)];
  if (tracks[0] !== undefined) workerTrack(tracks[0]);
  const { timeline } = finished;
  for (const index of (timeline?.machines ?? []).slice(0, mostMachines).keys()) {
    if (timeline === undefined) break;
    const machine = new Track(shard, base + 1 + index * 2, timed);
    machineTrack(machine, timeline, index);
    const passes = new Track(shard, base + 2 + index * 2, timed);
    passTrack(passes, timeline, index);
    tracks.push(machine, passes);
  }
  return tracks.map(({ events }) => events);
}

/** What a track is called, from its number. */
export function trackName(tid: number): string {
  const worker = `worker ${String(Math.floor((tid - 1) / tracksPerWorker) + 1)}`;
  const within = (tid - 1) % tracksPerWorker;
  if (within === 0) return worker;
  const machine =
    ['source', 'destination'][(within - 1) >> 1] ?? `QEMU ${String((within + 1) >> 1)}`;
  return `${worker}: ${machine}${within % 2 === 1 ? '' : ', iterations'}`;
}
