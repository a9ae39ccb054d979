import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  freezeArgument,
  paceArgument,
  settingArgument,
  transportArgument,
} from './stress-values.js';
import { timeUpTo } from '../options/size-arguments.js';

const durationArgument = timeUpTo(90);

test('durations add up their parts; a number alone is seconds; an empty one is refused', () => {
  assert.equal(durationArgument('90s'), 90_000);
  assert.equal(durationArgument('2h'), 7_200_000);
  assert.equal(durationArgument('1h30m'), 5_400_000);
  assert.equal(durationArgument('0.5s'), 500);
  assert.equal(durationArgument('90'), 90_000);
  for (const text of ['', '0s', '0', '-3s', '1y', '91d', '1.2.3s', '9h3']) {
    assert.throws(() => durationArgument(text), /expected a time .*such as 90s/, text);
  }
});

test('a pace is in bytes, decimal or binary, or in pages', () => {
  assert.equal(paceArgument('4096B/s'), 1);
  assert.equal(paceArgument('2GB/s'), 488_281);
  assert.equal(paceArgument('512MiB/s'), 131_072);
  assert.equal(paceArgument('100pages/s'), 100);
  for (const text of ['0', '0GB/s', '0pages/s', '2GB', '1B/s', '-1GB/s', 'fast', '1XB/s']) {
    assert.throws(() => paceArgument(text), /expected a rate of at least one page/, text);
  }
});

test('a transport is one of the table, and only some take channels', () => {
  assert.equal(transportArgument('multifd:8').channels, 8);
  assert.equal(transportArgument('unix').channels, undefined);
  assert.throws(() => transportArgument('unix:2'), /expected 'unix', which has one channel only/);
  assert.throws(() => transportArgument('multifd:0'), /1 to 255 channels/);
  assert.throws(() => transportArgument('multifd:256'), /1 to 255 channels/);
  assert.throws(
    () => transportArgument('pigeon'),
    /expected one of unix, tcp, multifd\[:CHANNELS\]/,
  );
});

test('a side is stopped for three seconds by default', () => {
  assert.deepEqual(freezeArgument('source'), { sides: ['source'], ms: 3000 });
  assert.deepEqual(freezeArgument('both:500ms'), { sides: ['source', 'destination'], ms: 500 });
  for (const text of ['', 'neither', 'source:', 'source:0s', 'both:61s', 'both:3']) {
    assert.throws(() => freezeArgument(text), /expected source, destination or both/, text);
  }
});

test('parameters are numbers, switches or words', () => {
  const all = ['cpu-throttle-initial=30', 'direct-io=on', 'multifd-compression=zstd'].reduce(
    (before: ReturnType<typeof settingArgument>, text) => settingArgument(text, before),
    [],
  );
  assert.deepEqual(all, [
    ['cpu-throttle-initial', 30],
    ['direct-io', true],
    ['multifd-compression', 'zstd'],
  ]);
  for (const text of ['', '=1', 'name', 'name=', 'Name=1']) {
    assert.throws(() => settingArgument(text), /expected NAME=VALUE/, text);
  }
});
