/**
 * Writes down how long tests took: `timings.json` in the folder of results, and the file of
 * `--timings`.
 */
import path from 'node:path';
import { toFailure } from '../../model/errors.js';
import type { DroverEvent } from '../../model/events.js';
import { writeAtomically } from '../../report/atomic-file.js';
import { timingsText } from '../../schedule/timings-file.js';
import { withDurations } from '../../schedule/timings.js';
import type { Duration, Timings } from '../../schedule/timings.js';

const timingsName = 'timings.json';

export class TimingsKeeper {
  readonly #durations: Duration[] = [];

  /** Only tests that passed count: a failed one took as long as its deadline, or no time at all. */
  onEvent(event: DroverEvent): void {
    if (event.type !== 'test-finished') return;
    const { outcome, test, durationMs } = event;
    if (outcome.kind === 'passed') this.#durations.push({ test, ms: Math.max(1, durationMs) });
    if (outcome.kind === 'skipped') this.#durations.push({ test, ms: 0 });
  }

  /** @returns what could not be written, one sentence each */
  async write(before: Timings, files: readonly string[]): Promise<string[]> {
    const text = timingsText(withDurations(before, this.#durations));
    const problems: string[] = [];
    for (const file of files) {
      try {
        await writeAtomically(file, [text]);
      } catch (error) {
        problems.push(toFailure(error).message);
      }
    }
    return problems;
  }
}

/**
 * Shards must all read the same durations: one that is run after another on the same machine would
 * split the tests differently if the first had written the file. So a shard writes only into its
 * own results, and merge writes the whole.
 */
export function timingsFiles(options: {
  readonly out: string | undefined;
  readonly timings: string | undefined;
  readonly isShard: boolean;
}): string[] {
  const { out, timings, isShard } = options;
  return [
    ...(out === undefined ? [] : [path.join(out, timingsName)]),
    ...(timings === undefined || isShard ? [] : [timings]),
  ];
}
