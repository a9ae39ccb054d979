/**
 * Runs attempts over a pool and reports them as events. decide.ts decides, synchronously, what
 * starts next, and policy.ts what an outcome means; this file carries that out, each time an
 * attempt ends.
 */
import type { Limits } from '../model/demand.js';
import type { MemoryUse } from '../model/events.js';
import type { Outcome } from '../model/outcome.js';
import { startAttempt } from './attempts.js';
import type { Attempt, Ended, PlannedTest, StartedAttempt } from './attempts.js';
import type { AttemptsSetup, TestsSetup } from './attempts.js';
import { Decider } from './decide.js';
import { MemoryMeter } from './memory-meter.js';
import { Tally } from './policy.js';
import type { Counts, Policy } from './policy.js';

interface RunPlan extends Pick<AttemptsSetup, 'emit' | 'clock'> {
  readonly tests: readonly PlannedTest[];
  readonly repeat: number;
  readonly limits: Limits;
  readonly policy: Policy;
  readonly signal: AbortSignal;
}

export type RunRequest = RunPlan & Omit<AttemptsSetup, 'meter'> & TestsSetup;

/** Where attempts run, if not on this host. */
export interface AttemptsElsewhere extends RunPlan {
  /** @param number of the test in the run */
  readonly start: (attempt: Attempt, number: number) => StartedAttempt;
}

export interface RunTotals {
  readonly counts: Counts;
  readonly flaky: number;
  readonly quarantined: number;
  readonly retried: number;
  readonly sumMs: number;
  readonly memory: MemoryUse;
  readonly stopped?: 'max-failures' | 'until-failure';
}

export async function runTests(input: RunRequest): Promise<RunTotals> {
  using meter = new MemoryMeter();
  const setup = { ...input, meter };
  const { promisedBytes, ...totals } = await runAttempts({
    ...input,
    start: (attempt, number) => startAttempt(setup, attempt, number),
  });
  const budgetBytes = input.limits.memoryBytes;
  return { ...totals, memory: { budgetBytes, promisedBytes, usedBytes: meter.highBytes } };
}

type AttemptsTotals = Omit<RunTotals, 'memory'> & Pick<MemoryUse, 'promisedBytes'>;

/** As a run on this host, but `start` says where an attempt runs. */
export async function runAttempts(input: AttemptsElsewhere): Promise<AttemptsTotals> {
  const run = new Run(input);
  input.signal.addEventListener('abort', run.cancelAll, { once: true });
  try {
    return await run.toTheEnd();
  } finally {
    input.signal.removeEventListener('abort', run.cancelAll);
  }
}

/** Of two parts of a run, one after the other. */
export function sumOf(a: RunTotals, b: RunTotals): RunTotals {
  const counts = { ...a.counts };
  for (const [kind, count] of Object.entries(b.counts)) counts[kind as keyof Counts] += count;
  const [used, other] = [a.memory.usedBytes, b.memory.usedBytes];
  return {
    counts,
    flaky: a.flaky + b.flaky,
    quarantined: a.quarantined + b.quarantined,
    retried: a.retried + b.retried,
    sumMs: a.sumMs + b.sumMs,
    memory: {
      budgetBytes: a.memory.budgetBytes,
      promisedBytes: Math.max(a.memory.promisedBytes, b.memory.promisedBytes),
      usedBytes:
        used === undefined || other === undefined ? (used ?? other) : Math.max(used, other),
    },
    stopped: a.stopped ?? b.stopped,
  };
}

type Planned = Omit<Attempt, 'attempt' | 'slot'>;

class Run {
  readonly #input: AttemptsElsewhere;
  readonly #decider: Decider<Planned>;
  readonly #tally: Tally;
  readonly #runnable: readonly PlannedTest[];
  readonly #numbers: ReadonlyMap<PlannedTest, number>;
  readonly #attempts = new Map<PlannedTest, number>();
  readonly #running = new Map<StartedAttempt, Promise<void>>();
  readonly #freeSlots: number[];
  #round = 0;

  constructor(input: AttemptsElsewhere) {
    this.#input = input;
    this.#decider = new Decider(input.limits);
    this.#tally = new Tally(input.policy);
    this.#runnable = input.tests.filter(({ skip }) => skip === undefined);
    this.#numbers = new Map(input.tests.map((test, number) => [test, number]));
    this.#freeSlots = Array.from({ length: input.limits.slots }, (_, slot) => slot);
  }

  readonly cancelAll = (): void => {
    for (const attempt of this.#running.keys()) attempt.cancel();
  };

  /** Those that wait elsewhere count as not started. */
  #withdrawAll(): void {
    for (const attempt of this.#running.keys()) attempt.withdraw?.();
  }

  async toTheEnd(): Promise<AttemptsTotals> {
    this.#skip();
    for (;;) {
      this.#startWhatFits();
      if (this.#running.size === 0) break;
      await Promise.race(this.#running.values());
    }
    const { counts, flaky, quarantined, retried, sumMs, stop } = this.#tally;
    const promisedBytes = this.#decider.reservedBytes;
    return { counts, flaky, quarantined, retried, sumMs, promisedBytes, stopped: stop };
  }

  #skip(): void {
    for (const test of this.#input.tests) {
      if (test.skip === undefined) continue;
      const outcome: Outcome = { kind: 'skipped', reason: test.skip };
      const attempt = { ...this.#planned(test, 0, 1), attempt: 1 };
      this.#tell(attempt, { outcome, durationMs: 0, phases: [] });
    }
  }

  #planned(test: PlannedTest, retry: number, round: number): Planned {
    return { test, retry, round, demand: test.demand, expectedMs: test.expectedMs };
  }

  #startWhatFits(): void {
    while (!this.#input.signal.aborted && this.#tally.stop === undefined) {
      const next = this.#decider.next();
      if (next !== undefined) this.#start(next);
      else if (!this.#loadRound()) return;
    }
  }

  /**
   * One round at a time, since there may be millions; the next one early, so that it can fill a
   * gap.
   */
  #loadRound(): boolean {
    const { repeat, limits } = this.#input;
    if (this.#decider.isFull || this.#round >= repeat || this.#runnable.length === 0) return false;
    if (this.#decider.waiting >= 2 * limits.slots) return false;
    this.#round += 1;
    for (const test of this.#runnable) this.#decider.add(this.#planned(test, 0, this.#round));
    return true;
  }

  #start(planned: Planned): void {
    const { test } = planned;
    const number = (this.#attempts.get(test) ?? 0) + 1;
    this.#attempts.set(test, number);
    const slot = this.#freeSlots.shift() ?? 0;
    const attempt: Attempt = { ...planned, attempt: number, slot };
    const started = this.#input.start(attempt, this.#numbers.get(test) ?? 0);
    const react = async (): Promise<void> => {
      const ended = await started.ended;
      this.#running.delete(started);
      this.#decider.done(planned);
      this.#freeSlots.push(slot);
      this.#freeSlots.sort((a, b) => a - b);
      if (ended !== undefined && this.#tell(attempt, ended)) {
        this.#decider.add(this.#planned(test, planned.retry + 1, planned.round));
      }
      if (this.#tally.stop !== undefined) this.#withdrawAll();
    };
    this.#running.set(started, react());
  }

  /** True if the test is to be retried. */
  #tell(attempt: Omit<Attempt, 'slot'> & { readonly slot?: number }, ended: Ended): boolean {
    const { test, retry, slot } = attempt;
    const { outcome, durationMs } = ended;
    const judgement = this.#tally.judge(test.name, retry, outcome, durationMs);
    const { willRetry, quarantined } = judgement;
    this.#input.emit({
      type: 'test-finished',
      atMs: this.#input.clock(),
      test: test.name,
      attempt: attempt.attempt,
      slot,
      ...ended,
      willRetry: willRetry || undefined,
      retry: retry === 0 ? undefined : retry,
      quarantined,
    });
    return willRetry;
  }
}
