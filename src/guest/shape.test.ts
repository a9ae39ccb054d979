import assert from 'node:assert/strict';
import { test } from 'node:test';
import { platforms } from '../model/arch.js';
import { ramRegions } from '../model/ram-layout.js';
import { pagesOf } from '../model/stamps.js';
import { allOfRam, shapedPlatform } from './shape.js';

const GiB = 2 ** 30;

test('a shape that says nothing leaves the platform as it is', () => {
  const usual = platforms.x86_64;
  assert.equal(shapedPlatform(usual, 'pc-q35-10.0', {}), usual);
});

test('with more RAM all of it is stamped, without the hole of the machine', () => {
  const small = shapedPlatform(platforms.x86_64, 'pc-q35-10.0', { ramBytes: 64 * 2 ** 20 });
  assert.deepEqual(small.range, { start: 0x100000, end: 0x4000000, step: 4096 });
  assert.equal(small.hole, undefined);
  for (const [machine, low] of [
    ['pc-q35-10.0', 2 * GiB],
    ['pc-i440fx-10.0', 3 * GiB],
  ] as const) {
    const large = shapedPlatform(platforms.x86_64, machine, { ramBytes: 6 * GiB });
    assert.deepEqual(large.range, { start: 0x100000, end: 10 * GiB - low, step: 4096 });
    assert.deepEqual(large.hole, { start: low, end: 4 * GiB });
  }
});

test('a working set that goes beyond the hole continues above it', () => {
  const shape = { ramBytes: 6 * GiB, pages: (3 * GiB) / 4096 };
  const { range, hole } = shapedPlatform(platforms.x86_64, 'pc-q35-10.0', shape);
  assert.deepEqual(range, { start: 0x100000, end: 5 * GiB + 0x100000, step: 4096 });
  assert.deepEqual(hole, { start: 2 * GiB, end: 4 * GiB });
  assert.equal(pagesOf({ ...range, hole }), shape.pages);
});

test('a large step gives whole steps below the hole and above it', () => {
  const step = 0x300000;
  const { range, hole } = allOfRam('x86_64', ramRegions('x86_64', 'q35', 4 * GiB), step);
  assert.equal(range.start % step, 0);
  assert.ok(hole !== undefined);
  assert.equal((hole.start - range.start) % step, 0);
  assert.equal((range.end - hole.end) % step, 0);
  assert.ok(hole.start <= 2 * GiB && hole.end >= 4 * GiB && range.end <= 6 * GiB);
});

test('the marker moves with the range', () => {
  const usual = platforms.x86_64;
  const range = { start: 0x800000, end: 0x2000000, step: 4096 };
  const moved = shapedPlatform(usual, 'q35', { range });
  assert.equal(moved.markerAddress - range.start, usual.markerAddress - usual.range.start);
});
