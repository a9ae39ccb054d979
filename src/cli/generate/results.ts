/** What came of the generated tests of a run, by their paths. */
import type { DroverEvent } from '../../model/events.js';
import type { Outcome } from '../../model/outcome.js';
import { combinationOfPath } from '../../migration/generated/combination.js';
import type { Combination } from '../../migration/generated/combination.js';

export interface GeneratedResult {
  readonly combination: Combination;
  readonly outcome: Outcome;
}

export class Results {
  readonly #byPath = new Map<string, GeneratedResult>();

  readonly onEvent = (event: DroverEvent): void => {
    if (event.type !== 'test-finished' || event.willRetry === true) return;
    const combination = combinationOfPath(event.test.replace(/^\/[^/]+/, ''));
    if (combination === undefined) return;
    // of several attempts one that did not pass
    const before = this.#byPath.get(combination.path)?.outcome.kind;
    if (before === 'failed') return;
    this.#byPath.set(combination.path, { combination, outcome: event.outcome });
  };

  get all(): readonly GeneratedResult[] {
    return [...this.#byPath.values()];
  }

  of(combination: Combination): Outcome | undefined {
    return this.#byPath.get(combination.path)?.outcome;
  }
}

export const isRefused = ({ outcome }: GeneratedResult): boolean =>
  outcome.kind === 'passed' && outcome.refused !== undefined;

export const isMigrated = ({ outcome }: GeneratedResult): boolean =>
  outcome.kind === 'passed' && outcome.refused === undefined;
