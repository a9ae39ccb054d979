/**
 * Follows the event log of a run while the run writes it, and folds it to what the page of a run
 * shows. Reads the log as it grows; a line that is not whole yet waits for its end.
 */
import { open } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import type { DroverEvent } from '../model/events.js';
import type { Counts } from '../report/fold/counts.js';
import { noCounts, withEvent } from '../report/fold/counts.js';
import { testStatusOf } from '../report/fold/test-status.js';
import { missingField } from '../report/log/event-fields.js';
import { isObject } from '../model/json.js';

export interface LiveTest {
  readonly test: string;
  readonly attempt: number;
  readonly phase: string;
  readonly startedAtMs: number;
}

export interface LiveRound {
  readonly round: number;
  readonly migrationMs: number;
  readonly downtimeMs?: number | undefined;
  readonly passes?: number | undefined;
  readonly verifiedPages: number;
}

export interface LiveState {
  readonly atMs: number;
  readonly total: number;
  readonly endless: boolean;
  readonly counts: Counts;
  readonly running: readonly LiveTest[];
  /** that did not pass, in short */
  readonly bad: readonly { readonly test: string; readonly status: string; readonly why: string }[];
  /** of a stress run; the newest last */
  readonly rounds: readonly LiveRound[];
  readonly ended: boolean;
}

const keptRounds = 200;
const keptBad = 100;
const chunkBytes = 1024 * 1024;

export class LiveRun {
  #offset = 0;
  #rest = '';
  readonly #running = new Map<string, LiveTest>();
  readonly #bad: LiveState['bad'][number][] = [];
  readonly #rounds: LiveRound[] = [];
  #counts: Counts = noCounts;
  #atMs = 0;
  #total = 0;
  #endless = false;
  #ended = false;

  /** Reads what was added. @returns whether there was anything */
  async read(log: string): Promise<boolean> {
    await using file = await open(log);
    const decoder = new TextDecoder();
    const buffer = Buffer.allocUnsafe(chunkBytes);
    let found = false;
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, chunkBytes, this.#offset);
      // whole lines alone, so that no character is cut
      const end = buffer.subarray(0, bytesRead).lastIndexOf(10) + 1;
      const taken = end > 0 ? end : bytesRead < chunkBytes ? 0 : bytesRead;
      if (taken === 0) return found;
      this.#offset += taken;
      const text = this.#rest + decoder.decode(buffer.subarray(0, taken), { stream: true });
      const lines = text.split('\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) this.#add(line);
      found = true;
    }
  }

  get state(): LiveState {
    return {
      ...{ atMs: this.#atMs, total: this.#total, endless: this.#endless, counts: this.#counts },
      running: [...this.#running.values()],
      ...{ bad: this.#bad, rounds: this.#rounds, ended: this.#ended },
    };
  }

  #add(line: string): void {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      return;
    }
    if (!isObject(value) || missingField(value) !== undefined) return;
    this.#fold(value as unknown as DroverEvent);
  }

  #fold(event: DroverEvent): void {
    this.#atMs = Math.max(this.#atMs, event.atMs);
    const key = 'test' in event ? `${event.test} ${event.attempt}` : '';
    switch (event.type) {
      case 'run-started':
        this.#total = event.total;
        this.#endless = event.endless === true;
        break;
      case 'test-started': {
        const { test, attempt, atMs } = event;
        this.#running.set(key, { test, attempt, phase: 'prepare', startedAtMs: atMs });
        break;
      }
      case 'phase-started': {
        const known = this.#running.get(key);
        if (known !== undefined) this.#running.set(key, { ...known, phase: event.phase });
        break;
      }
      case 'test-finished': {
        this.#running.delete(key);
        this.#counts = withEvent(this.#counts, event);
        const status = testStatusOf(event);
        if ('failure' in event.outcome) {
          const why = event.outcome.failure.message.slice(0, 300);
          this.#bad.push({ test: event.test, status, why });
          if (this.#bad.length > keptBad) this.#bad.shift();
        }
        if (event.round !== undefined) {
          const { migrationMs, downtimeMs, passes, verifiedPages } = event.round;
          const round = event.attempt;
          this.#rounds.push({ round, migrationMs, downtimeMs, passes, verifiedPages });
          if (this.#rounds.length > keptRounds) this.#rounds.shift();
        }
        break;
      }
      case 'run-finished':
        this.#ended = true;
        break;
      default:
    }
  }
}

const pauseMs = 300;

/** Each state that differs from the one before, until the run ends or `signal` is aborted. */
export async function* follow(log: string, signal: AbortSignal): AsyncGenerator<LiveState> {
  const live = new LiveRun();
  let isFirst = true;
  for (;;) {
    if (signal.aborted) return;
    const isNew = await live.read(log).catch(() => false);
    if (isNew || isFirst) yield live.state;
    isFirst = false;
    if (live.state.ended) return;
    await setTimeout(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}
