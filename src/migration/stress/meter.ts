/**
 * Measures one migration: by QEMU's events with their time stamps, by its figures, and by /proc.
 */
import { asNumber, asObject } from '../../model/json.js';
import type { Measured } from '../../model/measured.js';
import type { Side } from '../../model/outcome.js';
import { peakBytes } from '../../qemu/memory-use.js';
import { processorUse } from '../../qemu/proc-stat.js';
import type { Migration } from '../migration.js';
import { figuresOf } from '../commands.js';
import type { Moments } from './probes.js';

export class Meter {
  /** milliseconds since 1970 */
  readonly startedAtMs: number;
  readonly #before: Record<Side, number | undefined>;

  private constructor(
    private readonly migration: Migration,
    /** `ram.transferred` when what is measured began */
    readonly sentBeforeBytes: number | undefined,
  ) {
    this.#before = { source: this.#usedMs('source'), destination: this.#usedMs('destination') };
    // last, so that reading /proc is no part of the total time
    this.startedAtMs = Date.now();
  }

  /** Starts to measure. */
  static async start(migration: Migration): Promise<Meter> {
    const answer = await migration.pair.source.qmp.execute('query-migrate');
    return new Meter(migration, figuresOf(answer).transferredBytes);
  }

  /** @param isFile the destination read a file that the source had written */
  read(isFile: boolean): Measured {
    const { sentBeforeBytes } = this;
    const { answer, pair } = this.migration;
    // 0: of a phase that there was not, and through a file of all
    const bytes = (name: string): number | undefined => {
      const count = asNumber(asObject(answer['ram'])[name]);
      return count === 0 ? undefined : count;
    };
    const { downtimeMs, setupTimeMs, transferredBytes, dirtySyncCount } = figuresOf(answer);
    const completedMs = this.#at('source', 'MIGRATION', 'completed');
    const totalMs = completedMs === undefined ? undefined : completedMs - this.startedAtMs;
    return {
      totalMs,
      stopToResumeMs: span(this.#at('source', 'STOP'), this.#at('destination', 'RESUME')),
      qemuDowntimeMs: downtimeMs,
      setupMs: setupTimeMs,
      restoreMs: isFile
        ? span(
            this.#at('destination', 'MIGRATION', 'setup'),
            this.#at('destination', 'MIGRATION', 'completed'),
          )
        : undefined,
      transferredBytes,
      sentBeforeBytes,
      iterations: dirtySyncCount,
      megabitsPerSecond:
        totalMs === undefined || transferredBytes === undefined
          ? undefined
          : ((transferredBytes - (sentBeforeBytes ?? 0)) * 8) / totalMs / 1000,
      precopyBytes: bytes('precopy-bytes'),
      downtimeBytes: bytes('downtime-bytes'),
      postcopyBytes: bytes('postcopy-bytes'),
      multifdBytes: bytes('multifd-bytes'),
      sourcePeakBytes: peakBytes(pair.source.pid),
      destinationPeakBytes: peakBytes(pair.destination.pid),
      sourceProcessorMs: span(this.#before.source, this.#usedMs('source')),
      destinationProcessorMs: span(this.#before.destination, this.#usedMs('destination')),
    };
  }

  /** of what was measured; the migration has just ended */
  moments(): Moments {
    return {
      startedMs: this.startedAtMs,
      endedMs: Date.now(),
      stopMs: this.#at('source', 'STOP'),
      resumeMs: this.#at('destination', 'RESUME'),
    };
  }

  #usedMs(side: Side): number | undefined {
    return processorUse(this.migration.pair[side].pid)?.usedMs;
  }

  /** QEMU's time of an event of this migration, of this status if one is given */
  #at(side: Side, name: string, status?: string): number | undefined {
    const { pair, since } = this.migration;
    const isIt = (event: { name: string; data: object }): boolean =>
      event.name === name && (status === undefined || asObject(event.data)['status'] === status);
    return pair[side].qmp.events.find(isIt, since[side])?.sentAtMs;
  }
}

function span(start: number | undefined, end: number | undefined): number | undefined {
  return start === undefined || end === undefined ? undefined : end - start;
}
