/**
 * What follows the tests of `drover generate`: what QEMU refused only when the migration began is
 * learnt, with tests for what those rows were for; and of what failed the smallest combination is
 * searched that still fails.
 */
import type { Failure, Outcome } from '../../model/outcome.js';
import { shrink } from '../../model/space/shrink.js';
import type { Choice, Space } from '../../model/space/space.js';
import { Combination } from '../../migration/generated/combination.js';
import { contains, smallest } from '../../migration/generated/learn.js';
import type { Learnt } from '../../migration/generated/learn.js';
import type { More } from '../run/run-session.js';
import { chooseMore } from './choose-tests.js';
import type { ChosenCombinations } from './choose-tests.js';
import { isMigrated, isRefused } from './results.js';
import type { GeneratedResult, Results } from './results.js';

/** A failure, and the smallest combination that still fails in the same way. */
export interface SmallestFailure {
  readonly combination: Combination;
  readonly failure: Failure;
  readonly rerun: string;
  /** how many tests of the run failed like that and contain it */
  tests: number;
  readonly tries: number;
  readonly isSmallest: boolean;
}

export interface AfterRunOptions {
  readonly chosen: ChosenCombinations;
  readonly results: Results;
  readonly seed: number;
  /** covers a space: not of random tests */
  readonly isCovering: boolean;
  /** how long to search, milliseconds */
  readonly searchMs: number;
  /** Makes tests of combinations part of the run. */
  readonly run: (more: More, combinations: readonly Combination[]) => Promise<void>;
  readonly tryOut: (more: More, combination: Combination) => Promise<Outcome>;
  readonly nameOf: (combination: Combination) => string;
}

/** new refusals lead to new tests, and these may be refused */
const mostRounds = 3;

export class AfterRun {
  readonly learnt: Learnt[] = [];
  readonly smallest: SmallestFailure[] = [];
  /** failed, and did not fail again when tried alone */
  readonly unsteady: Combination[] = [];
  /** failed, and there was no time */
  readonly notSearched: Combination[] = [];
  #untilMs = 0;
  #tries = 0;
  /** paths of failed tests */
  readonly #searched = new Set<string>();

  constructor(private readonly options: AfterRunOptions) {}

  get space(): Space {
    const { available, learnt } = this.options.chosen;
    return available.space([...learnt, ...this.learnt].map(({ nogood }) => nogood));
  }

  readonly afterwards = async (more: More): Promise<void> => {
    this.#untilMs = performance.now() + this.options.searchMs;
    for (let round = 0; round < mostRounds && !more.signal.aborted; round++) {
      const learnt = await this.#learn(more);
      const searched = await this.#searchFailures(more);
      if (!learnt && !searched) return;
      await this.#runNew(more, this.#others());
    }
  };

  readonly #mayAsk = (more: More): boolean =>
    performance.now() < this.#untilMs && !more.signal.aborted;

  /** False if nothing new was refused. */
  async #learn(more: More): Promise<boolean> {
    const { results } = this.options;
    const { space } = this;
    const before = this.learnt.length;
    for (const result of results.all.filter(isRefused)) {
      const choices = choicesIn(space, result.combination);
      const { outcome } = result;
      if (outcome.kind !== 'passed' || outcome.refused === undefined) continue;
      if (contains(choices, this.#nogoods) || !this.#mayAsk(more)) continue;
      const learnt = await smallest(choices, outcome.refused, space, {
        ask: async (combination) => {
          const tried = await this.#tryOut(more, combination);
          return tried.kind === 'passed' ? tried.refused : undefined;
        },
        mayAsk: () => this.#mayAsk(more),
      });
      this.learnt.push(learnt);
      const { nameOf } = this.options;
      more.warn(
        `QEMU refuses ${nameOf(learnt.combination)}: ${learnt.refused.words}; run again: ${more.rerun(nameOf(learnt.combination))}`,
      );
    }
    const fresh = this.learnt.slice(before).map(({ combination }) => combination);
    await this.#runNew(more, fresh);
    return fresh.length > 0;
  }

  /** Tests for the sets of values that only tests had which QEMU refused, or which failed. */
  #others(): Combination[] {
    const { chosen, results, seed, isCovering } = this.options;
    if (!isCovering) return [];
    const failing = this.smallest.map(({ combination }) => combination.unusual);
    // those of other shards have no results here
    const isDone = (each: Combination): boolean => {
      const outcome = results.of(each);
      return outcome === undefined || isMigrated({ combination: each, outcome });
    };
    const all = [...chosen.combinations, ...results.all.map(({ combination }) => combination)];
    return chooseMore(chosen, [...this.#nogoods, ...failing], all.filter(isDone), seed);
  }

  get #nogoods(): Learnt['nogood'][] {
    return [...this.options.chosen.learnt, ...this.learnt].map(({ nogood }) => nogood);
  }

  async #runNew(more: More, combinations: readonly Combination[]): Promise<void> {
    const { results, run } = this.options;
    const left = combinations.filter((each) => results.of(each) === undefined);
    if (left.length > 0 && !more.signal.aborted) await run(more, left);
  }

  async #tryOut(more: More, combination: Combination): Promise<Outcome> {
    this.#tries++;
    return await this.options.tryOut(more, combination);
  }

  /** False if nothing new failed. */
  async #searchFailures(more: More): Promise<boolean> {
    const failed = this.options.results.all.filter(
      ({ combination, outcome }) =>
        outcome.kind === 'failed' && !this.#searched.has(combination.path),
    );
    for (const result of failed) {
      this.#searched.add(result.combination.path);
      await this.#searchFailure(more, result);
    }
    return failed.length > 0;
  }

  async #searchFailure(more: More, { combination, outcome }: GeneratedResult): Promise<void> {
    if (outcome.kind !== 'failed') return;
    const { failure } = outcome;
    const { space } = this;
    const choices = choicesIn(space, combination);
    const known = this.smallest.find(
      (each) => each.failure.code === failure.code && contains(choices, [each.combination.unusual]),
    );
    if (known !== undefined) {
      known.tests++;
      return;
    }
    if (!this.#mayAsk(more)) {
      this.notSearched.push(combination);
      return;
    }
    const fails = async (items: readonly Choice[]): Promise<boolean> => {
      const tried = new Combination(items);
      if (!space.isAllowed(space.rowOf(choicesIn(space, tried)))) return false;
      const came = await this.#tryOut(more, tried);
      return came.kind === 'failed' && came.failure.code === failure.code;
    };
    const before = this.#tries;
    if (!(await fails(combination.unusual))) {
      this.unsteady.push(combination);
      return;
    }
    const { items, isSmallest } = await shrink({
      items: combination.unusual,
      holds: fails,
      mayAsk: () => this.#mayAsk(more),
    });
    const found = new Combination(items);
    const name = this.options.nameOf(found);
    const rerun = more.rerun(name);
    this.smallest.push({
      ...{ combination: found, failure, rerun, isSmallest },
      tests: 1,
      tries: this.#tries - before,
    });
    more.warn(
      `${isSmallest ? 'the smallest combination' : 'a smaller combination'} that fails like ${this.options.nameOf(combination)} (${failure.code}) is ${name}; run again: ${rerun}`,
    );
    this.#searched.add(found.path);
    await this.#runNew(more, [found]);
  }
}

/** All values of the factors of a space, usual ones too. */
const choicesIn = (space: Space, combination: Combination): Choice[] =>
  space.factors.map(({ name }) => ({ factor: name, value: combination.valueOf(name) }));
