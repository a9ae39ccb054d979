/**
 * `--trace FILE`: the run as a timeline for ui.perfetto.dev, written once, whole, when the run is
 * over.
 */
import type { TimedRun } from '../fold/timeline.js';
import { printableLine } from '../../model/text/printable.js';
import { attemptTracks, trackName } from './trace-tracks.js';
import type { TraceEvent } from './trace-tracks.js';

function processName(shard: number, { record }: TimedRun): string {
  const { started } = record;
  const merged = started?.merged?.runs.find(({ index }) => index === shard);
  const host = merged?.host.hostname ?? started?.host.hostname ?? 'this host';
  return printableLine(
    merged === undefined ? `drover on ${host}` : `shard ${String(shard)}, ${host}`,
  );
}

function* names(events: readonly TraceEvent[], run: TimedRun): Generator<TraceEvent> {
  for (const pid of new Set(events.map((event) => event.pid))) {
    const of = { ph: 'M', pid, ts: 0 } as const;
    yield { ...of, tid: 0, name: 'process_name', args: { name: processName(pid, run) } };
    const tracks = new Set(events.filter((event) => event.pid === pid).map(({ tid }) => tid));
    for (const tid of [...tracks].sort((a, b) => a - b)) {
      yield { ...of, tid, name: 'thread_name', args: { name: trackName(tid) } };
      yield { ...of, tid, name: 'thread_sort_index', args: { sort_index: tid } };
    }
  }
}

/** The pieces joined are the file, one event a line, in the order of time. */
export function* tracePieces(run: TimedRun): Generator<string> {
  // Stable: what happens at the same time on one track stays in its order, so that slices nest.
  const events = run
    .attempts()
    .sort((a, b) => a.startMs - b.startMs)
    .flatMap(attemptTracks)
    .flat()
    .sort((a, b) => a.ts - b.ts);
  const { started } = run.record;
  const about = { drover: started?.drover ?? '', time: started?.time ?? '' };
  yield `{"displayTimeUnit":"ms","otherData":${JSON.stringify(about)},"traceEvents":[`;
  let separator = '\n';
  for (const event of [...names(events, run), ...events]) {
    yield separator + JSON.stringify(event);
    separator = ',\n';
  }
  yield '\n]}\n';
}
