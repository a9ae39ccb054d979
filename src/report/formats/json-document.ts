/**
 * The run as one JSON document, in pieces, since thousands of attempts should not be one string. It
 * has the data of the events.
 */
import { eventSchema } from '../../model/events.js';
import type { EventOf } from '../../model/events.js';
import type { Counts } from '../fold/counts.js';
import { testStatusOf } from '../fold/test-status.js';
import type { TestStatus } from '../fold/test-status.js';
import type { RunRecord } from '../fold/summary.js';

export interface JsonReport {
  readonly schema: typeof eventSchema;
  readonly run: JsonRun;
  /** one entry per attempt, in the order they finished */
  readonly tests: readonly JsonAttempt[];
  /** of the entries of `tests` that decide */
  readonly counts: Counts;
  /** tests that passed only on a retry */
  readonly flaky: readonly string[];
  /** known failures, from the quarantine file */
  readonly quarantined: readonly string[];
}

type OfEnd = 'exitCode' | 'sumMs' | 'memory' | 'stopped' | 'failure';

export interface JsonRun
  extends
    Partial<Omit<EventOf<'run-started'>, 'type' | 'schema' | 'atMs'>>,
    Partial<Pick<EventOf<'run-finished'>, OfEnd>> {
  /** false if `run-finished` is missing */
  readonly complete: boolean;
  readonly durationMs: number;
  readonly warnings: readonly string[];
}

export type JsonAttempt = Omit<EventOf<'test-finished'>, 'type'>;

function jsonRun({ started, finished, warnings, durationMs }: RunRecord): JsonRun {
  const { type: _type, schema: _schema, atMs: _atMs, ...shown } = started ?? {};
  const { exitCode, sumMs, memory, stopped, failure } = finished ?? {};
  return {
    ...shown,
    complete: finished !== undefined,
    durationMs,
    exitCode,
    sumMs,
    memory,
    stopped,
    failure,
    warnings: warnings.map(({ message }) => message),
  };
}

function jsonAttempt({ type: _type, ...attempt }: EventOf<'test-finished'>): JsonAttempt {
  return attempt;
}

/** The pieces joined are a `JsonReport`, one attempt a line. */
export function* jsonPieces(record: RunRecord): Generator<string> {
  yield `{"schema": ${String(eventSchema)},\n"run": ${JSON.stringify(jsonRun(record), null, 2)},\n"tests": [`;
  let separator = '\n';
  for (const event of record.tests) {
    yield separator + JSON.stringify(jsonAttempt(event));
    separator = ',\n';
  }
  const names = (wanted: TestStatus): string => {
    const found = record.tests.filter((event) => testStatusOf(event) === wanted);
    return JSON.stringify([...new Set(found.map(({ test }) => test))]);
  };
  yield `\n],\n"counts": ${JSON.stringify(record.counts)},\n`;
  yield `"flaky": ${names('flaky')},\n"quarantined": ${names('quarantined')}}\n`;
}
