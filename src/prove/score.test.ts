import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckName, Fate, MutantResult } from './findings.js';
import { matrixOf, missedAt, scoreOf } from './score.js';
import { matrixLines, missedLines } from './text.js';

function result(
  fate: Fate,
  checks: readonly CheckName[],
  about: Partial<MutantResult> = {},
): MutantResult {
  const findings = checks.map((check) => ({ check, named: check === 'ram', words: check }));
  return {
    ...{ recording: 'precopy', region: 'stamped', damage: 'flip', text: `a ${fate}` },
    ...{ durationMs: 1, ...about, fate, findings },
  };
}

const results = [
  result('killed', ['ram', 'stamps']),
  result('killed', ['ram']),
  result('killed', ['guest'], { damage: 'field', region: 'state' }),
  result('refused', ['qemu'], { damage: 'head', region: 'state' }),
  result('equivalent', []),
  result('broken', [], { reason: 'no memory' }),
  result('survived', []),
];

test('an equivalent or a broken one counts for no level', () => {
  const { levels, fates } = scoreOf(results);
  assert.deepEqual(levels, {
    stamps: { found: 3, of: 5 },
    exact: { found: 3, of: 5 },
    both: { found: 4, of: 5 },
  });
  assert.deepEqual(fates, { killed: 3, refused: 1, equivalent: 1, survived: 1, broken: 1 });
});

test('the matrix has a row for each damage of a region', () => {
  assert.deepEqual(
    matrixOf(results).map(({ region, damage, able, found, named }) => ({
      ...{ row: `${region} ${damage}`, able, ram: found.ram, named },
    })),
    [
      { row: 'stamped flip', able: 3, ram: 2, named: 2 },
      { row: 'state field', able: 1, ram: 0, named: 0 },
      { row: 'state head', able: 1, ram: 0, named: 0 },
    ],
  );
  assert.match(
    matrixLines(results).join('\n'),
    /stamped +flip +0\/3 +2\/3 +0\/3 +0\/3 +1\/3 +2\/3 +1 +1$/m,
  );
});

test('a page counts as named where a comparison of both sides names it', () => {
  const finding = (check: CheckName): MutantResult => ({
    ...result('killed', [check]),
    findings: [{ check, named: true, words: '' }],
  });
  const namedBy = (check: CheckName): number | undefined => matrixOf([finding(check)])[0]?.named;
  assert.deepEqual(
    ['ram', 'state', 'stamps'].map((name) => namedBy(name as CheckName)),
    [1, 1, 0],
  );
});

test('what a level misses is listed, and what no check found first', () => {
  assert.deepEqual(missedAt(results, 'exact'), [results[2], results[6]]);
  const text = missedLines(results).join('\n');
  assert.match(text, /^no check found: 1\n {2}precopy, stamped, flip: a survived$/m);
  assert.match(text, /only the comparison of both sides found .*: 1$/m);
  assert.match(text, /broken: precopy, stamped, flip: a broken: no memory/);
});

test('without results there is nothing to divide by', () => {
  assert.deepEqual(scoreOf([]).levels.both, { found: 0, of: 0 });
  assert.deepEqual(missedLines([]), []);
});
