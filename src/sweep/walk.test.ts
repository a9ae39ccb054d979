import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { test } from 'node:test';
import { Cancelled } from '../model/deadline.js';
import type { DeviceRequest } from './check-device.js';
import type { DeviceResult } from './document.js';
import { resultOf } from './results.fixtures.js';
import { walkDevices } from './walk.js';
import type { Walk } from './walk.js';

const devices = Array.from({ length: 9 }, (_, index) => ({
  ...{ name: `d${index}`, category: 'x', properties: [] },
}));

/** A walk over nine devices; `check` makes their results. */
async function walked(
  jobs: number,
  check: (request: DeviceRequest) => Promise<DeviceResult>,
  signal = new AbortController().signal,
) {
  const checked: string[] = [];
  const plan = {} as Walk['plan'];
  const own = { plan, devices, directory: '/nowhere', jobs, timeoutMs: 1, signal };
  const walk = { ...own, onResult: async () => Promise.resolve() };
  const { results, failure } = await walkDevices(walk, async (request) => {
    checked.push(request.device.name);
    await setImmediate();
    return await check(request);
  });
  return { checked, failure, names: results.map(({ device }) => device) };
}

const equal = async ({ device }: DeviceRequest): Promise<DeviceResult> =>
  Promise.resolve(resultOf(device.name, 'equal'));

test('each device is checked once, and results keep the order of the devices', async () => {
  const { checked, failure, names } = await walked(3, equal);
  assert.deepEqual(
    names,
    devices.map(({ name }) => name),
  );
  assert.equal(checked.length, 9);
  assert.equal(failure, undefined);
});

test('a failure ends the walk of all jobs, and what is there is kept', async () => {
  const full = new Error('the disk is full');
  const { checked, failure, names } = await walked(2, async (request) => {
    if (request.device.name === 'd3') throw full;
    if (request.signal.aborted) throw new Cancelled();
    return await equal(request);
  });
  assert.equal(failure, full);
  assert.ok(checked.length <= 5, checked.join());
  assert.deepEqual(names.slice(0, 3), ['d0', 'd1', 'd2']);
});

test('an abort is no failure', async () => {
  const controller = new AbortController();
  const { failure, names } = await walked(
    1,
    async (request) => {
      if (request.device.name !== 'd2') return await equal(request);
      controller.abort(new Cancelled());
      throw new Cancelled();
    },
    controller.signal,
  );
  assert.equal(failure, undefined);
  assert.deepEqual(names, ['d0', 'd1']);
});
