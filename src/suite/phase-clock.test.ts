import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PhaseClock } from './phase-clock.js';

test('phases follow one another without gaps', () => {
  let now = 100;
  const clock = new PhaseClock(() => now);
  clock.enter('prepare');
  now = 130;
  clock.enter('launch');
  assert.equal(clock.current, 'launch');
  now = 180;
  assert.equal(clock.stop(), 80);
  assert.deepEqual(clock.timings, [
    { phase: 'prepare', startMs: 0, durationMs: 30 },
    { phase: 'launch', startMs: 30, durationMs: 50 },
  ]);
});
