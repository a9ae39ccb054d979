/** What follows the tests of a run, with QEMUs that follow a script. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CoverageItem } from '../../model/coverage.js';
import type { Outcome } from '../../model/outcome.js';
import { drawing } from '../../model/seeded.js';
import { coverSpace } from '../../model/space/cover-space.js';
import { Combination, combinationOfPath } from '../../migration/generated/combination.js';
import { spaceOf } from '../../migration/generated/space-of.js';
import type { More } from '../run/run-session.js';
import { AfterRun } from './after-run.js';
import type { AfterRunOptions } from './after-run.js';
import { coverageBy } from './choose-tests.js';
import type { ChosenCombinations } from './choose-tests.js';
import { summaryLines } from './generate-text.js';
import { Results, isMigrated } from './results.js';

const offered: readonly CoverageItem[] = [
  ...['unix', 'tcp', 'exec'].map((name) => `transport ${name}` as const),
  ...['multifd', 'xbzrle', 'auto-converge', 'release-ram', 'validate-uuid'].map(
    (name) => `capability ${name}` as const,
  ),
  'value multifd-compression=zlib',
];

const failed = (code: string): Outcome => ({ kind: 'failed', failure: { code, message: code } });
const refused: Outcome = {
  kind: 'passed',
  refused: { command: 'migrate', side: 'source', words: 'not together' },
};
const passed: Outcome = { kind: 'passed' };

interface Script {
  readonly outcomeOf: (combination: Combination, isTry: boolean) => Outcome;
  readonly searchMs?: number;
}

/** Runs what covers all pairs, and what follows. */
async function runAll({ outcomeOf, searchMs = 60_000 }: Script): Promise<{
  readonly after: AfterRun;
  readonly results: Results;
  readonly chosen: ChosenCombinations;
  readonly warnings: string[];
  readonly text: string;
  readonly tries: number;
}> {
  const space = spaceOf(offered);
  const chosen: ChosenCombinations = {
    available: {
      offered,
      leftOut: [],
      space: (learnt) => spaceOf(offered, undefined, learnt),
    },
    host: {},
    strength: 2,
    space,
    combinations: coverSpace(space, 2, drawing(1, 'pairs')).map(
      (row) => new Combination(space.choicesOf(row)),
    ),
    learnt: [],
    isAsked: true,
  };
  const results = new Results();
  const finish = (combination: Combination): void => {
    results.onEvent({
      type: 'test-finished',
      atMs: 0,
      test: `/x86_64${combination.path}`,
      attempt: 1,
      outcome: outcomeOf(combination, false),
      durationMs: 1,
      phases: [],
    });
  };
  chosen.combinations.forEach(finish);
  let tries = 0;
  const nameOf = ({ path }: Combination): string => `/x86_64${path}`;
  const options: AfterRunOptions = {
    ...{ chosen, results, searchMs, nameOf },
    seed: 1,
    isCovering: true,
    run: async (_more, combinations) => {
      combinations.forEach(finish);
      await Promise.resolve();
    },
    tryOut: async (_more, combination) => {
      tries++;
      return await Promise.resolve(outcomeOf(combination, true));
    },
  };
  const warnings: string[] = [];
  const more = {
    signal: new AbortController().signal,
    warn: (message: string) => warnings.push(message),
    rerun: (name: string) => `drover run -p ${name}`,
  } as unknown as More;
  const after = new AfterRun(options);
  await after.afterwards(more);
  const text = summaryLines(chosen, results, after, nameOf).join('\n');
  return { after, results, chosen, warnings, text, tries };
}

const has = (combination: Combination, ...values: string[]): boolean =>
  values.every((value) => combination.has(value));

test('of what fails the smallest combination is found, run as a test, and named with the command that runs it', async () => {
  const { after, results, warnings, text } = await runAll({
    outcomeOf: (each) => (has(each, 'multifd', 'memfd') ? failed('memory-damaged') : passed),
  });
  const [only, ...others] = after.smallest;
  assert.deepEqual(others, []);
  const path = '/migration/generated/live/unix/memfd+multifd';
  assert.equal(only?.combination.path, path);
  assert.ok(only.isSmallest && only.tests > 1 && only.tries > 1);
  assert.equal(results.of(only.combination)?.kind, 'failed', 'it is a test of the run');
  assert.match(
    warnings.join('\n'),
    new RegExp(`run again: drover run -p /x86_64${path.replace('+', '\\+')}$`, 'm'),
  );
  assert.match(text, /^FAIL {3}memfd \+ multifd: memory-damaged/m);
  // all other pairs are in tests that passed, too
  const done = results.all.filter(isMigrated).map(({ combination }) => combination);
  const coverage = coverageBy(after.space, 2, done);
  const without = spaceOf(offered, undefined, [only.combination.unusual]);
  assert.equal(coverage.covered, coverageBy(without, 2, []).total);
  assert.ok(coverage.covered < coverage.total);
  assert.match(text, new RegExp(`pairs of values: ${coverage.covered} of ${coverage.total} `));
});

test('two faults with different codes have a smallest combination each', async () => {
  const { after } = await runAll({
    outcomeOf: (each) =>
      has(each, 'xbzrle', 'page')
        ? failed('stalled')
        : has(each, 'exec', 'validate-uuid')
          ? failed('wrong-status')
          : passed,
  });
  const found = after.smallest.map(({ combination, failure }) => [failure.code, combination.path]);
  assert.deepEqual(Object.fromEntries(found), {
    stalled: '/migration/generated/live/unix/page+xbzrle',
    'wrong-status': '/migration/generated/live/exec/validate-uuid',
  });
  assert.equal(found.length, 2);
});

test('what QEMU refuses when the migration begins is learnt, and the pairs of its rows come in others', async () => {
  const { after, results, text, warnings } = await runAll({
    outcomeOf: (each) => (has(each, 'xbzrle', 'auto-converge') ? refused : passed),
  });
  assert.deepEqual(
    after.learnt.map(({ combination }) => combination.path),
    ['/migration/generated/live/unix/xbzrle+auto-converge'],
  );
  const again = combinationOfPath('/migration/generated/live/unix/xbzrle+auto-converge');
  assert.ok(again !== undefined && results.of(again) === refused);
  assert.match(warnings.join('\n'), /QEMU refuses .*: not together; run again/);
  assert.match(text, /^ {2}xbzrle \+ auto-converge: not together$/m);
  const done = results.all.filter(isMigrated).map(({ combination }) => combination);
  const coverage = coverageBy(after.space, 2, done);
  assert.equal(coverage.covered, coverage.total);
});

test('a failure that does not come again is said to be one, and not searched', async () => {
  const { after, text } = await runAll({
    outcomeOf: (each, isTry) => (!isTry && has(each, 'zlib') ? failed('deadline') : passed),
  });
  assert.deepEqual(after.smallest, []);
  assert.ok(after.unsteady.length > 0);
  assert.match(text, /failed once, and not again when tried alone/);
});

test('without time nothing is tried, and the summary says so', async () => {
  const { after, tries, text } = await runAll({
    searchMs: 0,
    outcomeOf: (each) => (has(each, 'zlib') ? failed('deadline') : passed),
  });
  assert.equal(tries, 0);
  assert.ok(after.notSearched.length > 0);
  assert.match(text, /no time to make it smaller \(--search\)/);
});

test('where everything passes nothing follows', async () => {
  const { tries, results, chosen } = await runAll({ outcomeOf: () => passed });
  assert.equal(tries, 0);
  assert.equal(results.all.length, chosen.combinations.length);
});
