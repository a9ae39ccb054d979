/**
 * The course of a migration: asks the source for its progress and looks at the threads of both
 * QEMUs, some times a second and at each iteration, until the migration has ended.
 */
import { pause } from '../../model/deadline.js';
import type { ProcessorShare } from '../../model/measured.js';
import type { Side } from '../../model/outcome.js';
import { ThreadTimes } from '../../qemu/thread-times.js';
import type { Migration } from '../migration.js';
import type { Answer } from './timeline.js';

const everyMs = 50;
/** a small guest may make thousands of iterations a second */
const atMostEveryMs = 10;
const sides: readonly Side[] = ['source', 'destination'];

export class Course implements AsyncDisposable {
  readonly answers: Answer[] = [];
  readonly #times: readonly { readonly side: Side; readonly times: ThreadTimes }[];
  readonly #over = new AbortController();
  readonly #asking: Promise<void>;

  constructor(private readonly migration: Migration) {
    const { pair } = migration;
    this.#times = sides.map((side) => ({ side, times: new ThreadTimes(pair[side].pid) }));
    this.#asking = this.#ask().catch(() => undefined);
  }

  async #ask(): Promise<void> {
    const { qmp } = this.migration.pair.source;
    const { signal } = this.#over;
    let isPass = false;
    while (!signal.aborted) {
      const since = qmp.events.cursor;
      const answer = await qmp.execute('query-migrate', undefined, { signal });
      this.answers.push({ atMs: Date.now(), answer });
      if (!isPass) for (const { times } of this.#times) times.look();
      await pause(atMostEveryMs, signal);
      const wait = { what: 'event MIGRATION_PASS', since, timeoutMs: everyMs, signal };
      isPass = await qmp.events
        .wait(({ name }) => name === 'MIGRATION_PASS', wait)
        .then(() => true)
        .catch(() => false);
    }
  }

  /** Processor time by class of thread until now. @param totalMs of the whole process */
  processor(totalMs: Readonly<Record<Side, number | undefined>>): ProcessorShare[] {
    return this.#times.flatMap(({ side, times }) => {
      times.look();
      const shares = [...times.ms].map(([threads, ms]) => ({ side, threads, ms }));
      const named = shares.reduce((sum, { ms }) => sum + ms, 0);
      const rest = (totalMs[side] ?? 0) - named;
      return rest > 0 ? [...shares, { side, threads: 'other', ms: rest }] : shares;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort();
    await this.#asking;
  }
}
