/** When a guest writes to a device: gaps, and a real guest. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pause } from '../../model/deadline.js';
import { realQemu } from '../../qemu/qemus.fixtures.js';
import { Scratch } from '../../model/scratch.fixtures.js';
import { contextFor, planFor } from '../context.fixtures.js';
import { DevicePulses, longestGap, pulsePort } from './device-pulses.js';

/** a pulse each millisecond, but for those between */
const without = (from: number, to: number): number[] =>
  Array.from({ length: 100 }, (_, index) => index).filter((at) => at <= from || at >= to);

test('the gap is the longest that reaches into the downtime, at most a pulse too long', () => {
  const times = without(40, 60);
  assert.deepEqual(longestGap(times, 42, 59), { ms: 20, errorMs: 1 });
  // the order of the sides does not matter
  assert.deepEqual(longestGap(times.toReversed(), 42, 59), { ms: 20, errorMs: 1 });
  // a longer one at another time is not the downtime
  assert.equal(longestGap(times, 70, 72)?.ms, 1);
});

test('a guest that does not write again has no gap that ended', () => {
  assert.equal(longestGap(without(40, 100), 42, 59), undefined);
  assert.equal(longestGap([], 42, 59), undefined);
});

const qemu = realQemu('10.0');
test('a guest pulses while it runs, and only then', { skip: qemu.skip }, async () => {
  using scratch = new Scratch();
  const plan = await planFor(qemu, scratch.directory);
  const shape = { ramBytes: 16 * 2 ** 20, heartbeat: true };
  await using context = contextFor(plan, scratch.directory, shape);
  using pulses = DevicePulses.open(context);
  assert.ok(pulses !== undefined);
  const machine = await context.startMachine({
    side: 'source',
    memory: { kind: 'memfd' },
    firmware: context.writeGuest({ pulsePort }),
    extraArgs: pulses.args('source'),
  });
  await machine.serial.waitForB({ timeoutMs: 60_000 });
  await machine.qmp.execute('stop');
  // what QEMU wrote before it stopped may be read a little later
  let seen: number;
  do {
    seen = pulses.times('source').length;
    await pause(100, context.signal);
  } while (pulses.times('source').length > seen);
  const stopMs = Date.now();
  const { length: before } = pulses.times('source');
  assert.ok(before > 0);
  assert.equal(pulses.gap(stopMs, stopMs), undefined, 'it has not ended');
  await machine.qmp.execute('query-status');
  await machine.qmp.execute('cont');
  const resumeMs = Date.now();
  // more signs of life come than pulses
  do await machine.serial.waitForB({ since: machine.serial.signs, timeoutMs: 60_000 });
  while ((pulses.times('source').at(-1) ?? 0) <= resumeMs);
  const gap = pulses.gap(stopMs, resumeMs);
  assert.ok(gap !== undefined && gap.ms > 0, JSON.stringify(gap));
  assert.ok(pulses.times('source').length > before);
  assert.equal(pulses.times('destination').length, 0);
});
