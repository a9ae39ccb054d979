import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { test } from 'node:test';
import { Cancelled } from '../model/deadline.js';
import { walk } from './walk.js';
import type { Visit } from './walk.js';

const items = Array.from({ length: 9 }, (_, index) => `d${index}`);

/** A walk over nine names; `check` makes their results. */
async function walked(
  jobs: number,
  check: (visit: Visit<string>) => Promise<string>,
  signal = new AbortController().signal,
) {
  const checked: string[] = [];
  const { results, failure } = await walk({
    ...{ items, directory: '/nowhere', jobs, signal },
    onResult: async () => Promise.resolve(),
    check: async (visit) => {
      checked.push(visit.item);
      await setImmediate();
      return await check(visit);
    },
  });
  return { checked, failure, results };
}

const itself = async ({ item }: Visit<string>): Promise<string> => Promise.resolve(item);

test('each is checked once, and results keep their order', async () => {
  const { checked, failure, results } = await walked(3, itself);
  assert.deepEqual(results, items);
  assert.equal(checked.length, 9);
  assert.equal(failure, undefined);
});

test('a failure ends the walk of all jobs, and what is there is kept', async () => {
  const full = new Error('the disk is full');
  const { checked, failure, results } = await walked(2, async (visit) => {
    if (visit.item === 'd3') throw full;
    if (visit.signal.aborted) throw new Cancelled();
    return await itself(visit);
  });
  assert.equal(failure, full);
  assert.ok(checked.length <= 5, checked.join());
  assert.deepEqual(results.slice(0, 3), ['d0', 'd1', 'd2']);
});

test('an abort is no failure', async () => {
  const controller = new AbortController();
  const { failure, results } = await walked(
    1,
    async (visit) => {
      if (visit.item !== 'd2') return await itself(visit);
      controller.abort(new Cancelled());
      throw new Cancelled();
    },
    controller.signal,
  );
  assert.equal(failure, undefined);
  assert.deepEqual(results, ['d0', 'd1']);
});
