import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { predict } from './model.js';
import type { Prediction, Speed, Workload } from './model.js';

const gigabyte = 1e9;
const speed: Speed = {
  isPostcopy: false,
  bytesPerSecond: gigabyte,
  wireShare: 1,
  setupMs: 10,
  fixedDowntimeMs: 50,
};
const work: Workload = {
  memoryBytes: 8 * gigabyte,
  workingSetBytes: 8 * gigabyte,
  dirtyBytesPerSecond: 0.5 * gigabyte,
  networkBytesPerSecond: 10 * gigabyte,
  downtimeMs: 300,
};

test('half the transfer rate is dirtied: each iteration sends half of the one before', () => {
  const predicted = predict(speed, work);
  // 8, 4, 2, 1, 0.5 GB; then 0.25 GB fits into 300 - 50 ms at 1 GB/s
  assert.equal(predicted.iterations, 5);
  assert.equal(predicted.sentBytes, 15.75 * gigabyte);
  assert.equal(predicted.downtimeMs, 300);
  assert.equal(predicted.totalMs, 10 + 15_750 + 50);
});

test('the slower of host and network counts, and compression saves network only', () => {
  const narrow = { ...work, networkBytesPerSecond: gigabyte / 4, dirtyBytesPerSecond: 0 };
  assert.equal(predict(speed, narrow).bytesPerSecond, gigabyte / 4);
  assert.equal(predict({ ...speed, wireShare: 0.5 }, narrow).bytesPerSecond, gigabyte / 2);
  assert.equal(predict({ ...speed, wireShare: 0.1 }, narrow).bytesPerSecond, gigabyte);
});

test('a guest that dirties faster than the rate converges only if its working set fits', () => {
  const fast = { ...work, dirtyBytesPerSecond: 2 * gigabyte };
  const stuck = predict(speed, fast);
  assert.equal(stuck.converges, false);
  assert.equal(stuck.totalMs, undefined);
  assert.equal(stuck.downtimeMs, 50 + 8000, 'all of it has to be sent while the guest is stopped');
  const small = predict(speed, { ...fast, workingSetBytes: 0.2 * gigabyte });
  assert.equal(small.converges, true);
  assert.equal(small.iterations, 1);
  assert.equal(small.downtimeMs, 250);
});

test('the fixed part alone may be more than what is allowed', () => {
  const predicted = predict(speed, { ...work, dirtyBytesPerSecond: 0, downtimeMs: 40 });
  assert.equal(predicted.converges, false);
  assert.ok(predicted.downtimeMs >= 50);
});

test('iterations end when less than a page is left', () => {
  // no data fits into the downtime: 8 GB, halved 21 times, are less than 4096 bytes
  const predicted = predict(speed, { ...work, downtimeMs: 50 });
  assert.equal(predicted.iterations, 21);
  assert.equal(predicted.downtimeMs, 50);
  assert.equal(predicted.converges, true);
  assert.ok(Math.abs(predicted.sentBytes - 16 * gigabyte) < 2 * 4096);
});

test('postcopy sends one pass and what was dirtied meanwhile, whatever the dirty rate', () => {
  const predicted = predict({ ...speed, isPostcopy: true }, { ...work, dirtyBytesPerSecond: 9e9 });
  assert.deepEqual(predicted, {
    converges: true,
    totalMs: 10 + 16_000 + 50,
    downtimeMs: 50,
    iterations: 1,
    sentBytes: 16 * gigabyte,
    bytesPerSecond: gigabyte,
  } satisfies Prediction);
});

const bytes = (least: number, most: number) => fc.double({ min: least, max: most, noNaN: true });
const anySpeed: fc.Arbitrary<Speed> = fc.record({
  isPostcopy: fc.boolean(),
  bytesPerSecond: bytes(1e6, 1e11),
  wireShare: bytes(0.01, 1.1),
  setupMs: bytes(0, 1000),
  fixedDowntimeMs: bytes(0, 1000),
});
const anyWork: fc.Arbitrary<Workload> = fc.record({
  memoryBytes: bytes(1e6, 1e13),
  workingSetBytes: bytes(0, 1e13),
  dirtyBytesPerSecond: bytes(0, 1e11),
  networkBytesPerSecond: bytes(1e6, 1e11),
  downtimeMs: bytes(0, 10_000),
});

test('more bandwidth, on the network or the host, is never slower and never ends convergence', () => {
  const check = (slow: Prediction, quick: Prediction): void => {
    assert.ok(quick.converges || !slow.converges);
    if (slow.totalMs === undefined) return;
    assert.ok((quick.totalMs ?? Infinity) <= slow.totalMs * (1 + 1e-9));
  };
  fc.assert(
    fc.property(anySpeed, anyWork, bytes(1, 100), (one, load, times) => {
      const slow = predict(one, load);
      const { networkBytesPerSecond: network } = load;
      check(slow, predict(one, { ...load, networkBytesPerSecond: network * times }));
      check(slow, predict({ ...one, bytesPerSecond: one.bytesPerSecond * times }, load));
    }),
  );
});

test('less memory, fewer dirty pages and more downtime never make it slower', () => {
  fc.assert(
    fc.property(anySpeed, anyWork, bytes(0, 1), (one, load, share) => {
      const { totalMs } = predict(one, load);
      if (totalMs === undefined) return;
      for (const easier of [
        { ...load, memoryBytes: load.memoryBytes * share },
        { ...load, dirtyBytesPerSecond: load.dirtyBytesPerSecond * share },
        { ...load, workingSetBytes: load.workingSetBytes * share },
        { ...load, downtimeMs: load.downtimeMs * (2 - share) },
      ]) {
        assert.ok((predict(one, easier).totalMs ?? Infinity) <= totalMs * (1 + 1e-9));
      }
    }),
  );
});

test('precopy converges if and only if the rate allows, or the working set fits', () => {
  fc.assert(
    fc.property(anySpeed, anyWork, (some, load) => {
      const one = { ...some, isPostcopy: false };
      const predicted = predict(one, load);
      const { bytesPerSecond: rate } = predicted;
      const room = ((load.downtimeMs - one.fixedDowntimeMs) / 1000) * rate;
      const workingSet = Math.min(load.workingSetBytes, load.memoryBytes);
      const isSlowGuest = load.dirtyBytesPerSecond < 0.99 * rate && room > 1000;
      const fits = room >= workingSet || room >= load.memoryBytes || workingSet < 4096;
      if (isSlowGuest || (fits && room > 0)) assert.ok(predicted.converges);
      if (room < 0 || (load.dirtyBytesPerSecond > 1.01 * rate && !fits))
        assert.ok(!predicted.converges);
      if (predicted.converges) assert.ok(predicted.downtimeMs <= load.downtimeMs * (1 + 1e-9));
    }),
  );
});
