import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventOf } from '../../model/events.js';
import type { Outcome } from '../../model/outcome.js';
import { RunRecord } from '../fold/summary.js';
import { plain, runStarted } from '../run.fixtures.js';
import { pairCoverageOf, pairLines } from './pair-coverage.js';

function recordOf(
  tests: readonly (readonly [Outcome['kind'], readonly string[] | undefined])[],
): RunRecord {
  const record = new RunRecord();
  record.add(
    runStarted([plain], {
      offered: ['transport unix', 'transport tcp', 'capability xbzrle', 'capability multifd'],
    }),
  );
  for (const [kind, combination] of tests) {
    record.add({
      type: 'test-finished',
      atMs: 1,
      test: plain,
      attempt: 1,
      outcome: { kind } as Outcome,
      durationMs: 1,
      phases: [],
      ...(combination === undefined ? {} : { combination }),
    } satisfies EventOf<'test-finished'>);
  }
  return record;
}

const missingOf = (...args: Parameters<typeof recordOf>): readonly string[] =>
  pairCoverageOf(recordOf(...args))?.missing ?? assert.fail();

test('a value counts with each other one of its test, usual ones too', () => {
  const nothing = missingOf([
    [
      'passed',
      [
        '?flow',
        '?transport',
        '?memory',
        '?stamps',
        '?writers',
        '?xbzrle',
        '?multifd',
        '?multifd-channels',
      ],
    ],
  ]);
  const some = missingOf([['passed', ['tcp', 'xbzrle']]]);
  assert.ok(nothing.includes('tcp + xbzrle') && !some.includes('tcp + xbzrle'));
  assert.ok(nothing.includes('anon + xbzrle') && !some.includes('anon + xbzrle'));
  assert.ok(some.includes('memfd + xbzrle') && some.includes('tcp + no-xbzrle'));
});

test('what a test had that the factors do not name counts as none of their values', () => {
  const missing = missingOf([['passed', ['?memory', 'xbzrle']]]);
  assert.ok(missing.includes('anon + xbzrle'));
  assert.ok(!missing.includes('unix + xbzrle'));
  // a value that the QEMUs of this run do not have
  assert.ok(missingOf([['passed', ['file', 'xbzrle']]]).includes('unix + xbzrle'));
});

test('only tests that passed count, and a log without combinations has no pairs', () => {
  assert.ok(
    missingOf([
      ['passed', ['tcp']],
      ['failed', ['tcp', 'xbzrle']],
    ]).includes('tcp + xbzrle'),
  );
  assert.equal(pairCoverageOf(recordOf([['passed', undefined]])), undefined);
  assert.deepEqual(pairLines(undefined), []);
});

test('the lines name some of the pairs that are missing, and how many there are', () => {
  const pairs = pairCoverageOf(recordOf([['passed', []]])) ?? assert.fail();
  assert.equal(pairs.covered + pairs.missing.length, pairs.total);
  const [, head = '', ...shown] = pairLines(pairs);
  assert.equal(
    head,
    `pairs of values (drover generate): ${pairs.covered} of ${pairs.total}; missing:`,
  );
  assert.equal(shown.length, 6);
  assert.equal(shown[5], `  and ${pairs.missing.length - 5} more`);
});
