/**
 * What an attempt's outcome means for the run: whether to retry the test, what to count, when to
 * stop. Pure: outcomes in, decisions out.
 */
import type { Quarantined } from '../model/events.js';
import type { Outcome, OutcomeKind } from '../model/outcome.js';

export interface Policy {
  /** how many times to retry a test that did not pass */
  readonly retries: number;
  /** start nothing more after this many tests that did not pass */
  readonly maxFailures?: number;
  /** repeat until a test does not pass */
  readonly untilFailure: boolean;
  /** a flaky test counts as a failure, also for the number of failures that ends the run */
  readonly flakyFails?: boolean;
  /** by name of the test */
  readonly quarantine: ReadonlyMap<string, Quarantined>;
}

export type Counts = Record<OutcomeKind, number>;

export interface Judgement {
  readonly willRetry: boolean;
  readonly quarantined: Quarantined | undefined;
}

export class Tally {
  readonly #policy: Policy;
  readonly counts: Counts = { passed: 0, failed: 0, broken: 0, skipped: 0, cancelled: 0 };
  flaky = 0;
  quarantined = 0;
  retried = 0;
  sumMs = 0;
  #failures = 0;

  constructor(policy: Policy) {
    this.#policy = policy;
  }

  /** @param retry number of the retry, from 1; 0 for the first attempt */
  judge(test: string, retry: number, outcome: Outcome, durationMs: number): Judgement {
    this.sumMs += durationMs;
    const quarantined = this.#policy.quarantine.get(test);
    const bad = outcome.kind === 'failed' || outcome.kind === 'broken';
    const willRetry = bad && retry < this.#policy.retries && this.stop === undefined;
    if (willRetry) this.retried += 1;
    else if (bad && quarantined !== undefined) this.quarantined += 1;
    else {
      this.counts[outcome.kind] += 1;
      if (bad) this.#failures += 1;
      if (retry > 0 && outcome.kind === 'passed') {
        this.flaky += 1;
        if (this.#policy.flakyFails === true) this.#failures += 1;
      }
    }
    return { willRetry, quarantined };
  }

  /** why nothing more is to start; undefined while the run continues */
  get stop(): 'max-failures' | 'until-failure' | undefined {
    const { untilFailure, maxFailures = Infinity } = this.#policy;
    if (untilFailure && this.#failures > 0) return 'until-failure';
    return this.#failures >= maxFailures ? 'max-failures' : undefined;
  }
}
