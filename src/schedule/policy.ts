/**
 * What an attempt's outcome means for the run: whether the test is tried again, what is counted, when to stop. Pure:
 * outcomes in, judgements out.
 */
import type { Quarantined } from '../model/events.js';
import type { Outcome, OutcomeKind } from '../model/outcome.js';

export interface Policy {
  /** how many times a test that did not pass is tried again */
  readonly retries: number;
  /** start nothing more after so many tests that did not pass */
  readonly maxFailures?: number;
  /** go on until a test does not pass */
  readonly untilFailure: boolean;
  /** a flaky test is a failure, and counts as one where failures end the run */
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

  /** @param retry which try again it was, from 1; 0 for the first */
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

  /** why nothing more is to be started; undefined while all is to go on */
  get stop(): 'max-failures' | 'until-failure' | undefined {
    const { untilFailure, maxFailures = Infinity } = this.#policy;
    if (untilFailure && this.#failures > 0) return 'until-failure';
    return this.#failures >= maxFailures ? 'max-failures' : undefined;
  }
}
