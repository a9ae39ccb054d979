import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventOf } from '../../model/events.js';
import { coverageJsonPieces, coverageLines, coverageOf } from './coverage.js';
import { paintWith } from '../console/colors.js';
import { plain, runStarted, tcp } from '../run.fixtures.js';
import { RunRecord } from '../fold/summary.js';

const vsock = '/x86_64/migration/precopy/vsock/plain';
const qatzip = '/x86_64/migration/multifd/tcp/plain/qatzip';
const started = runStarted([plain, tcp, vsock, qatzip], {
  offered: [
    'capability multifd',
    'capability xbzrle',
    'parameter multifd-qatzip-level',
    'value mode=normal',
    'transport unix',
    'transport vsock',
  ],
});

function finished(
  name: string,
  outcome: EventOf<'test-finished'>['outcome'],
  exercised: EventOf<'test-finished'>['exercised'] = [],
): EventOf<'test-finished'> {
  const timing = { durationMs: 1, phases: [] };
  return { type: 'test-finished', atMs: 1, test: name, attempt: 1, outcome, exercised, ...timing };
}

function coverage(): ReturnType<typeof coverageOf> {
  const record = new RunRecord();
  record.add(started);
  const failure = { code: 'deadline', message: 'late' };
  record.add(
    finished(plain, { kind: 'passed' }, ['transport unix', 'capability none-of-this-qemu']),
  );
  record.add(finished(plain, { kind: 'passed' }, ['transport unix']));
  record.add(finished(tcp, { kind: 'failed', failure }, ['capability multifd']));
  record.add(finished(vsock, { kind: 'skipped', reason: 'no vsock here' }));
  record.add(finished(qatzip, { kind: 'skipped', reason: 'not built in' }));
  return coverageOf(record);
}

test('features that a passed test exercised are listed once, those of a failed one are not', () => {
  const { features, passed } = coverage();
  assert.equal(passed, 1);
  const covered = features.filter(({ tests }) => tests.length > 0);
  assert.deepEqual(covered, [
    { kind: 'transport', name: 'unix', tests: [plain], skipped: undefined },
  ]);
});

test('untested features are named, with the skipped tests for them', () => {
  const untested = coverage().features.filter(({ tests }) => tests.length === 0);
  assert.deepEqual(
    untested.map(({ kind, name, skipped }) => [kind, name, skipped]),
    [
      ['capability', 'multifd', undefined],
      ['capability', 'xbzrle', undefined],
      ['parameter', 'multifd-qatzip-level', { [qatzip]: 'not built in' }],
      ['value', 'mode=normal', undefined],
      ['transport', 'vsock', { [vsock]: 'no vsock here' }],
    ],
  );
  const text = coverageLines(coverage(), paintWith(false));
  assert.ok(text.includes('capabilities: 0 of 2 exercised'), text.join('\n'));
  assert.ok(text.includes('untested: 5 of 6'));
  assert.ok(text.includes('    skipped here: precopy/vsock/plain: no vsock here'));
});

test('the file is one JSON document with a version', () => {
  const parsed = JSON.parse([...coverageJsonPieces(coverage())].join('')) as { version: number };
  assert.equal(parsed.version, 1);
});
