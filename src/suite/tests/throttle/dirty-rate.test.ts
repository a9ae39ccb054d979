/** Dirty rates and limits as QEMU tells them; a script stands in for QEMU. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json, JsonObject } from '../../../model/json.js';
import { requireLittleLeft, throttleTime } from './dirty-limit.js';
import {
  measureDirtyRate,
  planLimit,
  queryLimit,
  readDirtyRate,
  readLimit,
  requireLimit,
} from '../../../migration/host/dirty-rate.js';
import type { Measured } from '../../../migration/host/dirty-rate.js';

const { signal } = new AbortController();

/** as QEMU 10.0 answers */
const measured = (rate: number): JsonObject => ({
  'vcpu-dirty-rate': [{ 'dirty-rate': rate, id: 0 }],
  status: 'measured',
  'sample-pages': 0,
  'dirty-rate': rate,
  mode: 'dirty-ring',
  'calc-time': 1,
});
const measuring: JsonObject = { status: 'measuring', mode: 'dirty-ring', 'calc-time': 1 };

/** Answers each command with the next of its answers; the last one is given again and again. */
function scripted(answers: Readonly<Record<string, readonly Json[]>>): {
  machine: Measured;
  asked: string[];
} {
  const asked: string[] = [];
  const answer = (command: string, args?: JsonObject): Json => {
    const before = asked.filter((line) => line.split(' ')[0] === command).length;
    asked.push(args === undefined ? command : `${command} ${JSON.stringify(args)}`);
    const list = answers[command] ?? [{}];
    return list[Math.min(before, list.length - 1)] ?? {};
  };
  const qmp: Measured['qmp'] = {
    execute: (command, args) => Promise.resolve(answer(command, args) as JsonObject),
    executeRaw: (command, args) => Promise.resolve(answer(command, args)),
  };
  return { machine: { side: 'source', qmp }, asked };
}

test('a rate is that of the first virtual processor, once it is measured', () => {
  assert.deepEqual(readDirtyRate(measured(151)), { kind: 'measured', rate: 151 });
  assert.deepEqual(readDirtyRate(measured(0)), { kind: 'measured', rate: 0 });
  assert.deepEqual(readDirtyRate(measuring), { kind: 'measuring' });
  assert.deepEqual(readDirtyRate({ status: 'unstarted' }), { kind: 'other' });
  // as without a dirty ring: a rate of the whole guest alone
  assert.deepEqual(readDirtyRate({ status: 'measured', 'dirty-rate': 7 }), { kind: 'other' });
  assert.deepEqual(readDirtyRate({}), { kind: 'other' });
});

test('a measurement starts in mode dirty-ring and is waited for', async () => {
  const { machine, asked } = scripted({ 'query-dirty-rate': [measuring, measuring, measured(42)] });
  assert.equal(await measureDirtyRate(machine, signal), 42);
  assert.deepEqual(asked, [
    'calc-dirty-rate {"calc-time":1,"mode":"dirty-ring"}',
    ...Array<string>(3).fill('query-dirty-rate'),
  ]);
});

test('a measurement that does not end, or has no rate, is an error with the last answer', async () => {
  const endless = scripted({ 'query-dirty-rate': [measuring] });
  await assert.rejects(measureDirtyRate(endless.machine, signal, 120), {
    code: 'deadline',
    message: /no measured dirty rate on the source within 120 ms; last seen: .*measuring/,
  });
  const silent = scripted({ 'query-dirty-rate': [{ status: 'unstarted' }] });
  await assert.rejects(measureDirtyRate(silent.machine, signal), {
    code: 'no-dirty-rate',
    message: /no dirty rate/,
  });
});

test('a limit must be the one that was set', async () => {
  const limit = [{ 'limit-rate': 50, 'current-rate': 63, 'cpu-index': 0 }];
  assert.equal(readLimit(limit), 50);
  assert.equal(readLimit([]), undefined);
  assert.equal(readLimit({}), undefined);
  const { machine } = scripted({ 'query-vcpu-dirty-limit': [limit] });
  assert.equal(await queryLimit(machine), 50);
  await requireLimit(machine, 50);
  await assert.rejects(requireLimit(machine, 60), {
    code: 'wrong-dirty-limit',
    message: /is 50 MB\/s after it was set to 60 MB\/s/,
  });
  const none = scripted({ 'query-vcpu-dirty-limit': [[]] });
  await assert.rejects(requireLimit(none.machine, 60), /is not in force after it was set to 60/);
});

test('a guest is limited to half its rate, with room that its own rate does not fit into', () => {
  // a guest fast enough gets upstream's 25 MB/s
  assert.deepEqual(planLimit(500), { limit: 250, border: 275 });
  assert.deepEqual(planLimit(100), { limit: 50, border: 75 });
  assert.deepEqual(planLimit(61), { limit: 30, border: 45 });
  for (let origin = 8; origin < 1000; origin++) {
    const { limit = 0, border = 0 } = planLimit(origin) ?? {};
    assert.ok(0 < limit && limit < border && border < origin, `${origin}: ${limit}, ${border}`);
  }
  for (const origin of [0, 1, 7]) assert.equal(planLimit(origin), undefined);
});

test('the throttling time and the bytes left to send are read from query-migrate', () => {
  assert.equal(throttleTime({ status: 'cancelled' }), 0);
  assert.equal(throttleTime({ 'dirty-limit-throttle-time-per-round': 245_710 }), 245_710);
  requireLittleLeft({ ram: { remaining: 100_999_999 } });
  requireLittleLeft({ ram: { remaining: 0 } });
  const tooMuch = { code: 'too-much-left', message: /^101000000 bytes were left/ };
  assert.throws(() => {
    requireLittleLeft({ ram: { remaining: 101_000_000 } });
  }, tooMuch);
  assert.throws(() => {
    requireLittleLeft({});
  }, /an unknown number of bytes/);
});
