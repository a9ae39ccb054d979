import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sweepOutcomeKinds } from './outcome.js';
import { differenceIn, namedOutcome } from './results.fixtures.js';
import { changeLines, countKinds, evidenceOf, resultLines, summaryLine } from './text.js';

test('a result is one line, and a fault has its evidence below', () => {
  for (const kind of sweepOutcomeKinds) {
    const [head = '', ...below] = resultLines(namedOutcome('some-dev', kind));
    assert.match(head, /^[A-Za-z ]+ {2}some-dev {2}\S/, kind);
    const isQuiet = ['equal', 'cannot-start', 'not-migratable'].includes(kind);
    assert.equal(below.length > 0, !isQuiet, kind);
    for (const line of below) assert.match(line, /^ {4}\S/);
  }
  assert.match(resultLines(namedOutcome('nic', 'cannot-start'))[0] ?? '', /words of cannot-start$/);
});

test('many differences are cut on the console only, and what is printed has no control characters', () => {
  const many = Array.from({ length: 9 }, (_, index) =>
    differenceIn('dev', `f${index}`, '\u001b[2J'),
  );
  const result = namedOutcome('dev', 'differs', many);
  const lines = resultLines(result);
  assert.equal(lines.length, 1 + 6 + 1);
  assert.equal(lines.at(-1), '    and 3 more lines');
  assert.ok(!lines.join('').includes('\u001b'));
  assert.equal(evidenceOf(result.outcome).lines.length, 9);
});

test('the summary counts what is there, and says when that is not all', () => {
  const results = [
    namedOutcome('a', 'equal'),
    namedOutcome('b', 'equal'),
    namedOutcome('c', 'crashed'),
  ];
  const line = (now: typeof results, selected = now.length): string =>
    summaryLine(
      { results: now, selected, partial: now.length < selected, summary: countKinds(now) },
      'device',
    );
  assert.equal(line(results), '3 devices: 2 equal, 1 crashed');
  assert.equal(line(results, 7), 'partial, 3 of 7 devices: 2 equal, 1 crashed');
  assert.equal(line([], 7), 'partial, 0 of 7 devices');
});

test('changes for the worse come first', () => {
  assert.deepEqual(changeLines([]), ['no change since the baseline']);
  const none = { more: [], fewer: [], less: [] };
  const lines = changeLines([
    { name: 'a', before: 'differs', now: 'equal', isWorse: false, ...none },
    { name: 'b', before: 'equal', isWorse: true, ...none },
    { name: 'c', now: 'equal', isWorse: false, ...none, more: [differenceIn('dev', 'f', '1')] },
    {
      ...{ name: 'd', before: 'equal', now: 'equal', isWorse: false, ...none },
      less: ['30 sections compared, 31 before'],
    },
  ]);
  assert.match(lines[0] ?? '', /^WORSE +b {2}equal -> gone$/);
  assert.match(lines[1] ?? '', /^changed +a {2}differs -> equal$/);
  assert.match(lines[2] ?? '', /^changed +c {2}not there -> equal$/);
  assert.match(lines[3] ?? '', /^ {4}new: dev: f is 1/);
  assert.equal(lines[5], '    30 sections compared, 31 before');
});
