/** A matrix with every kind of cell, made from the runs of run.fixtures. */
import type { DroverEvent } from '../../model/events.js';
import type { MatrixQemu } from '../../model/matrix-pair.js';
import type { Failure } from '../../model/outcome.js';
import { isPair, matrixOf } from './matrix.js';
import type { Matrix, PairRecord } from './matrix.js';
import * as fixtures from '../run.fixtures.js';
import { RunRecord } from '../fold/summary.js';

/** What a shell script that is no QEMU may print and be called. */
export const notQemu: Failure = {
  code: 'not-qemu',
  message: `'/opt/<b>"odd" & co</b>/qemu-system-x86_64' did not start as a QEMU`,
  details: ['it printed: </pre><script>alert(1)</script>\u001B[31m'],
};

export const qemus: readonly MatrixQemu[] = [
  { label: '7.2.22', command: '/old/qemu-system-x86_64', version: '7.2.22', package: '' },
  { label: '10.0.8', command: '/new/qemu-system-x86_64', version: '10.0.8', package: 'v10 <&>' },
  { label: 'unusable', command: '/opt/<b>/qemu-system-x86_64', failure: notQemu },
];

/** The events of a pair's run, which ended with this exit code. */
export function eventsOfPair(
  [source, destination]: readonly [number, number],
  events: readonly DroverEvent[],
  exitCode: number,
): DroverEvent[] {
  return events.map((event): DroverEvent => {
    if (event.type === 'run-finished') return { ...event, exitCode };
    return event.type === 'run-started'
      ? { ...event, matrix: { qemus, source, destination, crossOnly: true } }
      : event;
  });
}

export function ran(
  pair: readonly [number, number],
  events: readonly DroverEvent[],
  exitCode: number,
): PairRecord {
  const record = new RunRecord();
  for (const event of eventsOfPair(pair, events, exitCode)) record.add(event);
  if (!isPair(record)) throw new Error('a run begins with run-started');
  return record;
}

/** A pair that did not start: for a reason, or since the matrix was cancelled. */
export function notStarted(failure?: Failure): DroverEvent[] {
  const started = fixtures.runStarted([fixtures.plain], { workers: 0, total: 0 });
  return [started, { ...fixtures.runFinished([]), failure }];
}

/** Of the last row nothing is there but a pair that was cancelled. */
export const records: readonly PairRecord[] = [
  ran([0, 0], fixtures.passedRun, 0),
  ran([0, 1], fixtures.mixedRun, 1),
  ran([0, 2], notStarted(notQemu), 2),
  ran([1, 0], fixtures.brokenRun, 3),
  ran([1, 1], fixtures.cancelledRun, 130),
  ran([1, 2], notStarted(notQemu), 2),
  ran([2, 1], notStarted(), 130),
];

export const matrix: Matrix = matrixOf(records, 130);
