/**
 * The fold from events to the result of a run, shared by all reporters. `RunRecord` keeps the
 * results themselves (the very objects of the events, so several records cost only references);
 * the functions over it are pure. Each reporter decides how to show it.
 */
import { median, sum } from 'simple-statistics';
import type { DroverEvent, EventOf } from '../../model/events.js';
import { groupBy } from '../../model/group-by.js';
import { phases } from '../../model/outcome.js';
import type { Failure, Phase } from '../../model/outcome.js';
import { noCounts, totalOf, withEvent } from './counts.js';
import type { Counts } from './counts.js';
import { Labels } from './labels.js';
import { testStatusOf } from './test-status.js';
import type { TestStatus } from './test-status.js';

type Finished = EventOf<'test-finished'>;

export class RunRecord {
  started: EventOf<'run-started'> | undefined;
  finished: EventOf<'run-finished'> | undefined;
  labels = new Labels();
  counts: Counts = noCounts;
  lastAtMs = 0;
  readonly tests: Finished[] = [];
  readonly warnings: EventOf<'warning'>[] = [];

  add(event: DroverEvent): void {
    this.lastAtMs = Math.max(this.lastAtMs, event.atMs);
    if (event.type === 'run-started') {
      this.started = event;
      this.labels = new Labels(event);
    } else if (event.type === 'test-finished') {
      this.tests.push(event);
      this.counts = withEvent(this.counts, event);
    } else if (event.type === 'warning') {
      this.warnings.push(event);
    } else if (event.type === 'run-finished') {
      this.finished = event;
    }
  }

  /** of the whole run; of a log without `run-finished`, up to its last event */
  get durationMs(): number {
    return this.finished?.durationMs ?? this.lastAtMs;
  }

  /** planned attempts */
  get total(): number {
    return Math.max(this.started?.total ?? 0, this.#ended);
  }

  /** attempts that did not end */
  get notRun(): number {
    return this.total - this.#ended;
  }

  countOf(wanted: TestStatus): number {
    return this.tests.filter((event) => testStatusOf(event) === wanted).length;
  }

  get #ended(): number {
    return totalOf(this.counts) + this.countOf('quarantined');
  }
}

/** Over passed attempts, in the order of the phases. */
export function phaseMedians({ tests }: RunRecord): { phase: Phase; medianMs: number }[] {
  const spent = tests
    .filter(({ outcome }) => outcome.kind === 'passed')
    .flatMap(({ phases: timings }) => [...groupBy(timings, ({ phase }) => phase)])
    .map(([phase, own]) => ({ phase, ms: sum(own.map(({ durationMs }) => durationMs)) }));
  const samples = groupBy(spent, ({ phase }) => phase);
  return phases.flatMap((phase) => {
    const own = samples.get(phase);
    return own === undefined ? [] : [{ phase, medianMs: median(own.map(({ ms }) => ms)) }];
  });
}

const slowestShown = 3;

/** The slowest different tests, slowest first. */
export function slowestTests({
  tests,
  labels,
}: RunRecord): { label: string; durationMs: number }[] {
  const ran = tests.filter(({ outcome }) => outcome.kind !== 'skipped');
  return [...groupBy(ran, ({ test }) => test).values()]
    .map((own) =>
      own.reduce((worst, event) => (event.durationMs > worst.durationMs ? event : worst)),
    )
    .sort((a, b) => b.durationMs - a.durationMs)
    .slice(0, slowestShown)
    .map((event) => ({ label: labels.of(event), durationMs: event.durationMs }));
}

/** Attempts of one test that went wrong in the same way. */
export interface FailureGroup {
  readonly test: string;
  readonly kind: 'failed' | 'broken';
  /** of the first attempt in the group */
  readonly failure: Failure;
  readonly attempts: readonly number[];
  readonly repeated: boolean;
  /** evidence of the first attempt */
  readonly directory: string | undefined;
}

/** What the run failed by. */
export function failureGroups(record: RunRecord): FailureGroup[] {
  return groupsOf(record, (event) => ['failed', 'broken'].includes(testStatusOf(event)));
}

/** What went wrong with tests that passed only on a retry. */
export function flakyGroups(record: RunRecord): FailureGroup[] {
  const flaky = record.tests.filter((event) => testStatusOf(event) === 'flaky');
  const names = new Set(flaky.map(({ test }) => test));
  return groupsOf(record, (event) => testStatusOf(event) === 'retried' && names.has(event.test));
}

/** Known failures, from the quarantine file. */
export function quarantinedGroups(record: RunRecord): FailureGroup[] {
  return groupsOf(record, (event) => testStatusOf(event) === 'quarantined');
}

function groupsOf(
  { tests, labels }: RunRecord,
  isWanted: (event: Finished) => boolean,
): FailureGroup[] {
  const groups = new Map<string, FailureGroup & { readonly attempts: number[] }>();
  for (const event of tests) {
    const { outcome, test, attempt, directory } = event;
    if (outcome.kind !== 'failed' && outcome.kind !== 'broken') continue;
    if (!isWanted(event)) continue;
    const { kind, failure } = outcome;
    const key = JSON.stringify([test, kind, failure.code]);
    const known = groups.get(key);
    if (known !== undefined) known.attempts.push(attempt);
    else {
      const repeated = labels.isRepeated(test);
      groups.set(key, { test, kind, failure, attempts: [attempt], repeated, directory });
    }
  }
  return [...groups.values()];
}
