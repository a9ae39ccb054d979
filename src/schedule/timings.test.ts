import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expectations, noTimings, withDurations } from './timings.js';

const a = '/x86_64/migration/precopy/unix/a';
const b = '/x86_64/migration/precopy/tcp/b';
const c = '/x86_64/migration/postcopy/c';

test('the median of the last five passes is expected', () => {
  let timings = noTimings;
  for (const ms of [9000, 100, 120, 110, 5000, 130]) {
    timings = withDurations(timings, [{ test: a, ms }]);
  }
  assert.deepEqual(timings.tests[a], { ms: [100, 120, 110, 5000, 130] });
  assert.equal(expectations(timings)({ test: a }), 120);
});

test('a test that was not seen is expected to be like its family, or as its level says', () => {
  const timings = withDurations(noTimings, [
    { test: a, ms: 100 },
    { test: b, ms: 300 },
  ]);
  const expected = expectations(timings);
  assert.equal(expected({ test: '/x86_64/migration/precopy/new' }), 200);
  assert.equal(expected({ test: c }), 1000);
  assert.equal(expected({ test: c, level: 'full' }), 1000);
  assert.equal(expected({ test: c, level: 'thorough' }), 6000);
});

test('a skipped test takes no time, until it runs somewhere', () => {
  const skipped = withDurations(noTimings, [{ test: a, ms: 0 }]);
  assert.equal(expectations(skipped)({ test: a }), 0);
  const ran = withDurations(skipped, [{ test: a, ms: 80 }]);
  assert.deepEqual(ran.tests[a], { ms: [80] });
  assert.deepEqual(withDurations(ran, [{ test: a, ms: 0 }]).tests[a], { ms: [80] });
  assert.equal(expectations(skipped)({ test: b }), 1000, 'it is no measure of a family');
});

test('names are in order, so that two files can be compared', () => {
  const timings = withDurations(noTimings, [
    { test: c, ms: 1 },
    { test: a, ms: 1 },
  ]);
  assert.deepEqual(Object.keys(timings.tests), [c, a].sort());
});
