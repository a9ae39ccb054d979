import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareWithBaseline } from './baseline.js';
import type { SweepChange } from './baseline.js';
import type { NamedOutcome } from './document.js';
import { sweepOutcomeKinds } from './outcome.js';
import { differenceIn, namedOutcome } from './results.fixtures.js';

function changesOf(
  before: readonly NamedOutcome[],
  now: readonly NamedOutcome[],
  known: readonly string[] = now.map(({ name }) => name),
  pattern = /./,
): SweepChange[] {
  const isSelected = (name: string): boolean => pattern.test(name);
  return compareWithBaseline(before, now, new Set(known), isSelected);
}

const [one, two] = [differenceIn('dev', 'one', '1'), differenceIn('dev', 'two', '2')];

test('the same outcome is no change, also where a value is another one', () => {
  for (const kind of sweepOutcomeKinds) {
    assert.deepEqual(changesOf([namedOutcome('x', kind)], [namedOutcome('x', kind)]), [], kind);
  }
  const other = differenceIn('dev', 'one', '77');
  const before = [namedOutcome('x', 'differs', [one])];
  assert.deepEqual(changesOf(before, [namedOutcome('x', 'differs', [other])]), []);
  const ram = (count: string): NamedOutcome =>
    namedOutcome('x', 'differs', [
      { section: 'RAM block r', text: `${count} of 9 pages at 0x${count}` },
    ]);
  assert.deepEqual(changesOf([ram('3')], [ram('5')]), []);
});

test('whatever comes after equal is worse, but a broken host, and equal after anything is not', () => {
  for (const kind of sweepOutcomeKinds) {
    if (kind === 'equal') continue;
    const [worse] = changesOf([namedOutcome('x', 'equal')], [namedOutcome('x', kind)]);
    const isWorse = kind !== 'broken';
    assert.deepEqual([worse?.before, worse?.now, worse?.isWorse], ['equal', kind, isWorse]);
    const [better] = changesOf([namedOutcome('x', kind)], [namedOutcome('x', 'equal')]);
    assert.deepEqual([better?.before, better?.now, better?.isWorse], [kind, 'equal', false]);
  }
});

test('a difference more is worse, one less is not, and both are named', () => {
  const [more] = changesOf(
    [namedOutcome('x', 'differs', [one])],
    [namedOutcome('x', 'differs', [one, two])],
  );
  assert.deepEqual([more?.isWorse, more?.more, more?.fewer], [true, [two], []]);
  const [less] = changesOf(
    [namedOutcome('x', 'differs', [one, two])],
    [namedOutcome('x', 'differs', [one])],
  );
  assert.deepEqual([less?.isWorse, less?.more, less?.fewer], [false, [], [two]]);
  const [moved] = changesOf(
    [namedOutcome('x', 'differs', [one])],
    [namedOutcome('x', 'differs', [two])],
  );
  assert.equal(moved?.isWorse, true);
});

test('a fault that is graver, or of a device that had none, is worse', () => {
  const isWorse = (before: NamedOutcome[], now: NamedOutcome): boolean | undefined =>
    changesOf(before, [now])[0]?.isWorse;
  assert.equal(isWorse([namedOutcome('x', 'differs')], namedOutcome('x', 'crashed')), true);
  assert.equal(isWorse([namedOutcome('x', 'crashed')], namedOutcome('x', 'differs')), false);
  assert.equal(isWorse([namedOutcome('x', 'cannot-start')], namedOutcome('x', 'refused')), true);
  assert.equal(
    isWorse([namedOutcome('x', 'cannot-start')], namedOutcome('x', 'not-migratable')),
    false,
  );
  assert.equal(isWorse([], namedOutcome('x', 'differs')), true, 'a new device');
  assert.equal(isWorse([], namedOutcome('x', 'equal')), false);
});

test('a device that the QEMU no longer has is gone; one that was not selected is left out', () => {
  const before = [
    namedOutcome('a', 'equal'),
    namedOutcome('b', 'cannot-start'),
    namedOutcome('c', 'equal'),
  ];
  const [a, b, ...others] = changesOf(before, [], ['c']);
  assert.deepEqual([a?.name, a?.now, a?.isWorse], ['a', undefined, true]);
  assert.deepEqual([b?.name, b?.now, b?.isWorse], ['b', undefined, false]);
  assert.deepEqual(others, []);
  assert.deepEqual(changesOf(before, [], [], /^z/), []);
});

test('equal, but with fewer sections or RAM blocks than before, is worse: state is sent no more', () => {
  const before = namedOutcome('x', 'equal');
  assert.ok(before.outcome.kind === 'equal');
  const { sections, blocks } = before.outcome;
  const now = (own: object): NamedOutcome[] => [
    { ...before, outcome: { ...before.outcome, ...own } },
  ];
  const [lost] = changesOf([before], now({ sections: sections - 1 }));
  assert.deepEqual(
    [lost?.isWorse, lost?.less],
    [true, [`${sections - 1} sections compared, ${sections} before`]],
  );
  const [memory] = changesOf([before], now({ blocks: blocks - 1 }));
  assert.match(memory?.less[0] ?? '', /^3 RAM blocks compared, 4 before$/);
  assert.deepEqual(changesOf([before], now({ sections: sections + 1 })), []);
});
