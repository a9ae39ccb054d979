/**
 * The fold from events to the result of a run, shared by all reporters. `RunRecord` keeps the
 * results themselves (the very objects of the events, so several records cost only references);
 * `summarise` is a pure function over them. Each reporter decides how to show it.
 */
import type { DroverEvent, EventOf, MemoryUse, Merged } from '../../model/events.js';
import { phases } from '../../model/outcome.js';
import type { Failure, Phase } from '../../model/outcome.js';
import { noCounts, totalOf, withEvent } from './counts.js';
import type { Counts } from './counts.js';
import { median } from 'simple-statistics';
import { Labels } from './labels.js';
import { testStatusOf } from './test-status.js';
import type { TestStatus } from './test-status.js';

export class RunRecord {
  started: EventOf<'run-started'> | undefined;
  finished: EventOf<'run-finished'> | undefined;
  labels = new Labels();
  counts: Counts = noCounts;
  lastAtMs = 0;
  readonly tests: EventOf<'test-finished'>[] = [];
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
}

export interface PhaseMedian {
  readonly phase: Phase;
  readonly medianMs: number;
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

export interface SlowTest {
  readonly label: string;
  readonly durationMs: number;
}

export interface RunSummary {
  readonly counts: Counts;
  /** planned attempts */
  readonly total: number;
  /** attempts that did not end */
  readonly notRun: number;
  readonly durationMs: number;
  /** whether there was a `run-finished` */
  readonly complete: boolean;
  /** over passed attempts, in the order of the phases */
  readonly phases: readonly PhaseMedian[];
  /** the slowest different tests, slowest first */
  readonly slowest: readonly SlowTest[];
  readonly failures: readonly FailureGroup[];
  /** tests that passed only on a retry, with what went wrong before */
  readonly flaky: readonly FailureGroup[];
  /** known failures, from the quarantine file */
  readonly quarantined: readonly FailureGroup[];
  readonly quarantinedCount: number;
  readonly flakyCount: number;
  readonly stopped: EventOf<'run-finished'>['stopped'];
  /** durations of all attempts together, if the log has them */
  readonly sumMs: number | undefined;
  readonly memory: MemoryUse | undefined;
  readonly merged: Merged | undefined;
  /** why the run broke as a whole */
  readonly failure: Failure | undefined;
}

const slowestShown = 3;

export function summarise(record: RunRecord): RunSummary {
  const statuses = record.tests.map(testStatusOf);
  const count = (wanted: TestStatus): number =>
    statuses.filter((status) => status === wanted).length;
  const ended = totalOf(record.counts) + count('quarantined');
  const { finished } = record;
  const flakyTests = new Set(
    record.tests.filter((event) => testStatusOf(event) === 'flaky').map(({ test }) => test),
  );
  const total = Math.max(record.started?.total ?? 0, ended);
  return {
    counts: record.counts,
    total,
    notRun: total - ended,
    durationMs: record.finished?.durationMs ?? record.lastAtMs,
    complete: record.finished !== undefined,
    phases: phaseMedians(record),
    slowest: slowestTests(record),
    failures: failureGroups(record, ({ status }) => status === 'failed' || status === 'broken'),
    flaky: failureGroups(
      record,
      ({ status, test }) => status === 'retried' && flakyTests.has(test),
    ),
    quarantined: failureGroups(record, ({ status }) => status === 'quarantined'),
    quarantinedCount: count('quarantined'),
    flakyCount: count('flaky'),
    stopped: finished?.stopped,
    sumMs: finished?.sumMs,
    memory: finished?.memory,
    merged: record.started?.merged,
    failure: record.finished?.failure,
  };
}

function phaseMedians(record: RunRecord): PhaseMedian[] {
  const samples = new Map<Phase, number[]>();
  for (const { outcome, phases: timings } of record.tests) {
    if (outcome.kind !== 'passed') continue;
    const ofTest = new Map<Phase, number>();
    for (const { phase, durationMs } of timings) {
      ofTest.set(phase, (ofTest.get(phase) ?? 0) + durationMs);
    }
    for (const [phase, durationMs] of ofTest) {
      const values = samples.get(phase);
      if (values === undefined) samples.set(phase, [durationMs]);
      else values.push(durationMs);
    }
  }
  return phases.flatMap((phase) => {
    const values = samples.get(phase);
    return values === undefined ? [] : [{ phase, medianMs: median(values) }];
  });
}

function slowestTests(record: RunRecord): SlowTest[] {
  const worst = new Map<string, EventOf<'test-finished'>>();
  for (const event of record.tests) {
    if (event.outcome.kind === 'skipped') continue;
    const known = worst.get(event.test);
    if (known === undefined || event.durationMs > known.durationMs) worst.set(event.test, event);
  }
  return [...worst.values()]
    .sort((a, b) => b.durationMs - a.durationMs)
    .slice(0, slowestShown)
    .map((event) => ({ label: record.labels.of(event), durationMs: event.durationMs }));
}

function failureGroups(
  record: RunRecord,
  wanted: (of: { readonly status: TestStatus; readonly test: string }) => boolean,
): FailureGroup[] {
  const groups = new Map<string, FailureGroup & { readonly attempts: number[] }>();
  for (const event of record.tests) {
    const { outcome, test, attempt, directory } = event;
    if (outcome.kind !== 'failed' && outcome.kind !== 'broken') continue;
    if (!wanted({ status: testStatusOf(event), test })) continue;
    const { kind, failure } = outcome;
    const key = JSON.stringify([test, kind, failure.code]);
    const known = groups.get(key);
    if (known !== undefined) known.attempts.push(attempt);
    else {
      const repeated = record.labels.isRepeated(test);
      groups.set(key, { test, kind, failure, attempts: [attempt], repeated, directory });
    }
  }
  return [...groups.values()];
}
