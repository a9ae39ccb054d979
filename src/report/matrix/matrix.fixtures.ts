/** A matrix with every kind of cell, made from the runs of run.fixtures. */
import type { DroverEvent } from '../../model/events.js';
import type { Failure } from '../../model/outcome.js';
import type { Matrix, PairResult } from './matrix.js';
import * as fixtures from '../run.fixtures.js';
import { RunRecord } from '../fold/summary.js';

/** What a shell script that is no QEMU may print and be called. */
export const notQemu: Failure = {
  code: 'not-qemu',
  message: `'/opt/<b>"odd" & co</b>/qemu-system-x86_64' did not start as a QEMU`,
  details: ['it printed: </pre><script>alert(1)</script>\u001B[31m'],
};

export function ran(events: readonly DroverEvent[], exitCode: number): PairResult {
  const record = new RunRecord();
  for (const event of events) record.add(event);
  return { kind: 'ran', record, exitCode };
}

const cannotStart: PairResult = { kind: 'not-started', failure: notQemu, exitCode: 2 };
const notRun: PairResult = { kind: 'not-run' };

export const matrix: Matrix = {
  drover: '0.1.0',
  time: '2025-03-04T05:06:07.000Z',
  durationMs: 61_000,
  arch: 'x86_64',
  tests: [fixtures.plain, fixtures.tcp],
  qemus: [
    { label: '7.2.22', command: '/old/qemu-system-x86_64', version: '7.2.22', package: '' },
    { label: '10.0.8', command: '/new/qemu-system-x86_64', version: '10.0.8', package: 'v10 <&>' },
    { label: 'unusable', command: '/opt/<b>/qemu-system-x86_64', failure: notQemu },
  ],
  results: [
    [ran(fixtures.passedRun, 0), ran(fixtures.mixedRun, 1), cannotStart],
    [ran(fixtures.brokenRun, 3), ran(fixtures.cancelledRun, 130), cannotStart],
    [notRun, notRun, { kind: 'left-out' }],
  ],
  exitCode: 130,
};
