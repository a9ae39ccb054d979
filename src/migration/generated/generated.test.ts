/** Names, rules and choices of generated tests, and what is learnt of a QEMU that follows a script. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { CoverageItem } from '../../model/coverage.js';
import { drawing } from '../../model/seeded.js';
import { SetCoverage, coverSpace, drawnRow } from '../../model/space/cover-space.js';
import { Space } from '../../model/space/space.js';
import type { Choice, Nogood } from '../../model/space/space.js';
import { Combination, choiceOf, combinationOfPath } from './combination.js';
import { factors, factorsOf, leftOut } from './factors.js';
import { chooseAccepted, contains } from './learn.js';
import { appliesTo, knownNogoods, rules } from './rules.js';
import { spaceOf } from './space-of.js';

/** all that any value needs, as of a QEMU that has everything */
const everything: readonly CoverageItem[] = [
  ...new Set(factors.flatMap(({ values }) => values.flatMap(({ items = [] }) => items))),
];
const whole = spaceOf(everything);

const drawn = fc.nat(1e6).map((seed) => {
  const row = drawnRow(whole, drawing(seed, 'row')) ?? assert.fail();
  return new Combination(whole.choicesOf(row));
});

test('a path names one combination, and that combination has this path', () => {
  fc.assert(
    fc.property(drawn, (combination) => {
      const { path } = combination;
      const again = combinationOfPath(path) ?? assert.fail(path);
      assert.deepEqual(again.unusual, combination.unusual);
      assert.equal(again.path, path);
      assert.match(path, /^(\/[A-Za-z0-9_][\w+.-]*)+$/);
    }),
  );
});

test('another order, a value twice, a usual value or one of no factor is no path', () => {
  const path = '/migration/generated/live/tcp/multifd+zlib';
  assert.equal(combinationOfPath(path)?.path, path);
  for (const wrong of [
    '/migration/generated/live/tcp/zlib+multifd',
    '/migration/generated/live/tcp/multifd+multifd',
    '/migration/generated/live/tcp/uncompressed+multifd',
    '/migration/generated/live/tcp/multifd+zlib/x',
    '/migration/generated/live/tcp/multifd+postcopy-ram',
    '/migration/generated/tcp/live',
    '/migration/generated/live',
    '/migration/precopy/unix/plain',
  ]) {
    assert.equal(combinationOfPath(wrong), undefined, wrong);
  }
});

test('a name stands for one value, and the usual value of a factor comes first and needs nothing of its own', () => {
  const names = factors.flatMap(({ values }) => values.map(({ name }) => name));
  assert.equal(new Set(names).size, names.length);
  for (const { name, values } of factors) {
    const [usual] = values;
    assert.deepEqual(choiceOf(usual.name), { factor: name, value: usual.name });
    assert.equal(usual.capability ?? usual.sourceCapability ?? usual.host, undefined);
  }
});

test('every rule names values that there are, and forbids what no other one does', () => {
  for (const rule of rules) {
    for (const [factor, values] of [...Object.entries(rule.where), ...Object.entries(rule.only)]) {
      for (const value of values) assert.deepEqual(choiceOf(value), { factor, value });
    }
    assert.ok(rule.unless === undefined || !appliesTo(rule, new Set([rule.unless])));
  }
  // so that no rule of other releases is in the way
  const all = new Set([...everything, ...rules.flatMap(({ unless }) => unless ?? [])]);
  for (const rule of rules) {
    const others = rules.filter((each) => each !== rule);
    const without = new Space(whole.factors, knownNogoods(factors, all, others));
    const { unless: _always, ...always } = rule;
    const forbidden = knownNogoods(factors, all, [always]);
    assert.ok(forbidden.length > 0);
    assert.ok(
      forbidden.some((nogood) => without.complete(without.rowOf(nogood)) !== undefined),
      `without the rule "${rule.why}" nothing more is possible`,
    );
  }
});

test('a capability that no table has is a factor of the QEMUs that have it', () => {
  const offered = [...everything, 'capability made-up', 'capability x-colo'] as const;
  const own = factorsOf(offered).filter((factor) => !factors.includes(factor));
  assert.deepEqual(
    own.map(({ name }) => name),
    ['made-up'],
  );
  const space = spaceOf(offered);
  const rows = coverSpace(space, 2, drawing(1, 'pairs'));
  const paths = rows.map((row) => new Combination(space.choicesOf(row)).path);
  const having = paths.filter((path) => path.split(/[/+]/).includes('made-up'));
  assert.ok(having.length > 0 && having.length < paths.length);
  assert.ok(having.every((path) => combinationOfPath(path)?.has('made-up') === true));
  assert.ok(
    Object.keys(leftOut).every(
      (name) => combinationOfPath(`/migration/generated/live/unix/${name}`) === undefined,
    ),
  );
});

test('without a feature its values are left out, and with them what only goes with them', () => {
  const without = everything.filter((item) => item !== 'capability multifd');
  const space = spaceOf(without);
  const rows = coverSpace(space, 2, drawing(1, 'pairs')).map(
    (row) => new Combination(space.choicesOf(row)),
  );
  for (const value of ['multifd', 'zlib', '9-channels', 'zero-copy-send', 'direct-io']) {
    assert.ok(
      rows.every((row) => !row.has(value)),
      value,
    );
  }
});

/** few enough to be quick, with rules among them */
const few = [
  'flow',
  'transport',
  'memory',
  'stamps',
  'return-path',
  'multifd',
  'xbzrle',
  'mapped-ram',
  'postcopy-preempt',
];
const small = new Space(
  whole.factors.filter(({ name }) => few.includes(name)),
  whole.nogoods,
);

/** Sets of two or three values, at least one of them not usual: what a scripted QEMU refuses. */
const refusing: fc.Arbitrary<readonly Nogood[]> = fc.array(
  fc
    .uniqueArray(fc.constantFrom(...small.factors), { minLength: 2, maxLength: 3 })
    .chain((own) =>
      fc.tuple(
        ...own.map(({ name, values }, index) =>
          fc
            .constantFrom(...(index === 0 ? values.slice(1) : values))
            .map((value): Choice => ({ factor: name, value })),
        ),
      ),
    ),
  { minLength: 1, maxLength: 4 },
);

test('what a QEMU refuses is found at its smallest and left out, and nothing else is', async () => {
  const choicesOf = (combination: Combination): Choice[] =>
    small.factors.map(({ name }) => ({ factor: name, value: combination.valueOf(name) }));
  const spaceWith = (more: readonly Nogood[]): Space =>
    new Space(small.factors, [...small.nogoods, ...more]);
  await fc.assert(
    fc.asyncProperty(refusing, fc.nat(100), async (nogoods, seed) => {
      const chosen = await chooseAccepted({
        space: spaceWith,
        choose: (space) => coverSpace(space, 2, drawing(seed, 'pairs')),
        ask: async (combination) => {
          const number = nogoods.findIndex((nogood) => contains(choicesOf(combination), [nogood]));
          const refused = { command: 'migrate-set-capabilities', side: 'source' } as const;
          return await Promise.resolve(
            number < 0 ? undefined : { ...refused, words: `no ${number}` },
          );
        },
        mayAsk: () => true,
      });
      assert.ok(chosen.isAsked);
      const coverage = new SetCoverage(spaceWith(nogoods), 2);
      for (const row of chosen.rows) {
        const choices = chosen.space.choicesOf(row);
        assert.ok(!contains(choices, nogoods), 'a row that is run is not refused');
        coverage.add(small.rowOf(choices));
      }
      assert.equal(coverage.covered, coverage.total, 'all pairs that are not refused');
      for (const { combination } of chosen.learnt) {
        assert.ok(contains(choicesOf(combination), nogoods));
      }
    }),
    { numRuns: 25 },
  );
});

test('without time to ask, the choice stands, and says that QEMU was not asked', async () => {
  const chosen = await chooseAccepted({
    space: () => whole,
    choose: (space) => coverSpace(space, 1, drawing(1, 'singles')),
    ask: async () => await Promise.reject(new Error('asked')),
    mayAsk: () => false,
  });
  assert.equal(chosen.isAsked, false);
  assert.ok(chosen.rows.length > 0);
});
