import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareWithBaseline } from './baseline.js';
import type { DeviceChange } from './baseline.js';
import type { DeviceResult } from './document.js';
import { deviceOutcomeKinds } from './outcome.js';
import { differenceIn, resultOf } from './results.fixtures.js';

function changesOf(
  before: readonly DeviceResult[],
  now: readonly DeviceResult[],
  known: readonly string[] = now.map(({ device }) => device),
  pattern = /./,
): DeviceChange[] {
  const isSelected = (device: string): boolean => pattern.test(device);
  return compareWithBaseline({ results: before }, { results: now }, new Set(known), isSelected);
}

const [one, two] = [differenceIn('dev', 'one', '1'), differenceIn('dev', 'two', '2')];

test('the same outcome is no change, also where a value is another one', () => {
  for (const kind of deviceOutcomeKinds) {
    assert.deepEqual(changesOf([resultOf('x', kind)], [resultOf('x', kind)]), [], kind);
  }
  const other = differenceIn('dev', 'one', '77');
  const before = [resultOf('x', 'differs', [one])];
  assert.deepEqual(changesOf(before, [resultOf('x', 'differs', [other])]), []);
  const ram = (count: string): DeviceResult =>
    resultOf('x', 'differs', [
      { section: 'RAM block r', text: `${count} of 9 pages at 0x${count}` },
    ]);
  assert.deepEqual(changesOf([ram('3')], [ram('5')]), []);
});

test('whatever comes after equal is worse, but a broken host, and equal after anything is not', () => {
  for (const kind of deviceOutcomeKinds) {
    if (kind === 'equal') continue;
    const [worse] = changesOf([resultOf('x', 'equal')], [resultOf('x', kind)]);
    const isWorse = kind !== 'broken';
    assert.deepEqual([worse?.before, worse?.now, worse?.isWorse], ['equal', kind, isWorse]);
    const [better] = changesOf([resultOf('x', kind)], [resultOf('x', 'equal')]);
    assert.deepEqual([better?.before, better?.now, better?.isWorse], [kind, 'equal', false]);
  }
});

test('a difference more is worse, one less is not, and both are named', () => {
  const [more] = changesOf(
    [resultOf('x', 'differs', [one])],
    [resultOf('x', 'differs', [one, two])],
  );
  assert.deepEqual([more?.isWorse, more?.more, more?.fewer], [true, [two], []]);
  const [less] = changesOf(
    [resultOf('x', 'differs', [one, two])],
    [resultOf('x', 'differs', [one])],
  );
  assert.deepEqual([less?.isWorse, less?.more, less?.fewer], [false, [], [two]]);
  const [moved] = changesOf([resultOf('x', 'differs', [one])], [resultOf('x', 'differs', [two])]);
  assert.equal(moved?.isWorse, true);
});

test('a fault that is graver, or of a device that had none, is worse', () => {
  const isWorse = (before: DeviceResult[], now: DeviceResult): boolean | undefined =>
    changesOf(before, [now])[0]?.isWorse;
  assert.equal(isWorse([resultOf('x', 'differs')], resultOf('x', 'crashed')), true);
  assert.equal(isWorse([resultOf('x', 'crashed')], resultOf('x', 'differs')), false);
  assert.equal(isWorse([resultOf('x', 'cannot-start')], resultOf('x', 'refused')), true);
  assert.equal(isWorse([resultOf('x', 'cannot-start')], resultOf('x', 'not-migratable')), false);
  assert.equal(isWorse([], resultOf('x', 'differs')), true, 'a new device');
  assert.equal(isWorse([], resultOf('x', 'equal')), false);
});

test('a device that the QEMU no longer has is gone; one that was not selected is left out', () => {
  const before = [resultOf('a', 'equal'), resultOf('b', 'cannot-start'), resultOf('c', 'equal')];
  const [a, b, ...others] = changesOf(before, [], ['c']);
  assert.deepEqual([a?.device, a?.now, a?.isWorse], ['a', undefined, true]);
  assert.deepEqual([b?.device, b?.now, b?.isWorse], ['b', undefined, false]);
  assert.deepEqual(others, []);
  assert.deepEqual(changesOf(before, [], [], /^z/), []);
});

test('equal, but with fewer sections or RAM blocks than before, is worse: state is sent no more', () => {
  const before = resultOf('x', 'equal');
  assert.ok(before.outcome.kind === 'equal');
  const { sections, blocks } = before.outcome;
  const now = (own: object): DeviceResult[] => [
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
