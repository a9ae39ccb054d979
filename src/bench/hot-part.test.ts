/** Scenarios with a hot part: its share of the writes, and what cannot be. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { taskOf } from './bench-spec.js';
import { resolveScenario } from './scenario.js';

const faults: readonly (readonly [unknown, RegExp])[] = [
  [
    { migration: { transport: 'unix' }, guest: { hotPercent: 50 } },
    /guest\.hotPercent: only with guest\.hotMiB/,
  ],
  [
    { migration: { transport: 'unix' }, guest: { workingSetMiB: 64, hotMiB: 33 } },
    /hotMiB: it must be at most half of what the guest writes \(64 MiB\)/,
  ],
  [
    { migration: { transport: 'unix' }, guest: { hotMiB: 8, hotPercent: 100 } },
    /hotPercent: expected a whole number from 1 to 99/,
  ],
  [
    { migration: { transport: 'unix' }, guest: { hotMiB: 64, hotPercent: 24 } },
    /hotPercent: 64 of 256 MiB take at least 25 % of the writes/,
  ],
  [
    { migration: { transport: 'unix' }, guest: { hotMiB: 1, hotPercent: 99, writers: 32 } },
    /hotMiB: with 8 hot pages of each writer the hot part cannot take 99 %/,
  ],
];
for (const [input, message] of faults) {
  test(`${JSON.stringify(input)} is refused`, () => {
    assert.throws(() => resolveScenario(input, 'scenario 1'), { code: 'bad-scenario', message });
  });
}

test('a hot part has its share of the writes of each writer', () => {
  const hotOf = (guest: object) => {
    const scenario = resolveScenario({ guest, migration: { transport: 'tcp' } }, '');
    return { name: scenario.name, hot: taskOf(scenario, {}).guest.hot };
  };
  assert.deepEqual(hotOf({ hotMiB: 16 }), {
    name: 'tcp,hotMiB=16,hotPercent=90',
    hot: { pages: 4096, coldPages: 455 },
  });
  assert.deepEqual(hotOf({ hotMiB: 1, hotPercent: 50, writers: 2 }).hot, {
    ...{ pages: 128, coldPages: 128 },
  });
  assert.deepEqual(hotOf({ hotMiB: 16, hotPercent: 99, writers: 32 }).hot, {
    pages: 128,
    coldPages: 1,
  });
  assert.equal(hotOf({}).hot, undefined);
});
