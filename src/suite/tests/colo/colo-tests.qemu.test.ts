/** The COLO tests must notice a survivor with damaged memory, and a side that dies by itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { realQemu } from '../../../qemu/qemus.fixtures.js';
import { onlySlice } from '../../../memory/verdict.fixtures.js';
import { facts, outcomeOf } from '../../attempt.fixtures.js';
import { altered, harmed } from '../../sabotage.fixtures.js';
import { failOver } from './fail-over.js';

const qemu = realQemu('11.1');
const timeoutMs = 300_000;

for (const survivor of ['primary', 'secondary'] as const) {
  test(`damaged memory of the ${survivor} is found`, { skip: qemu.skip }, async () => {
    let page: number | undefined;
    const wish = { multifd: false, survivor, inCheckpoint: false };
    const outcome = await outcomeOf(
      { ...facts, run: async (context) => await failOver(context, wish) },
      timeoutMs,
      altered((at) => {
        page = at;
      }),
      undefined,
      qemu,
    );
    assert.equal(outcome.kind, 'failed', JSON.stringify(outcome));
    assert.equal(outcome.failure.code, 'memory-damaged', JSON.stringify(outcome.failure));
    assert.ok(outcome.verdict !== undefined);
    assert.equal(onlySlice(outcome.verdict).damage[0]?.start, page);
  });
}

test('a secondary that is killed is named', { skip: qemu.skip }, async () => {
  const wish = { multifd: true, survivor: 'primary', inCheckpoint: false } as const;
  const outcome = await outcomeOf(
    { ...facts, run: async (context) => await failOver(context, wish) },
    timeoutMs,
    harmed({
      moment: { side: 'destination', status: 'colo' },
      victim: 'destination',
      signal: 'SIGKILL',
    }),
    undefined,
    qemu,
  );
  assert.equal(outcome.kind, 'failed', JSON.stringify(outcome));
  assert.match(outcome.failure.message, /destination.*SIGKILL/, JSON.stringify(outcome.failure));
});
