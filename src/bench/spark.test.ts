import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sparkLine } from './spark.js';
import { TimeLeft } from './time-left.js';

test('samples are blocks by their value; equal ones are level; many are medians of neighbours', () => {
  assert.equal(sparkLine([0, 1, 2, 3, 4, 5, 6, 7], 0, 7), '▁▂▃▄▅▆▇█');
  assert.equal(sparkLine([5, 5, 5], 5, 5), '▄▄▄');
  assert.equal(sparkLine([], 0, 1), '');
  assert.equal(sparkLine([1], 0, 1), '█');
  const many = Array.from({ length: 200 }, (_, index) => index);
  const line = sparkLine(many, 0, 199);
  assert.equal(line.length, 24);
  assert.ok(line.startsWith('▁') && line.endsWith('█'), line);
});

test('what is left is by the time of the same scenario, and by the usual time of later ones', () => {
  let nowMs = 0;
  const after = (ms: number): void => {
    nowMs += ms;
  };
  const left = new TimeLeft(
    new Map([
      ['unix', 4],
      ['tcp', 2],
    ]),
    () => nowMs,
  );
  after(1000);
  assert.equal(left.ended('unix'), 3 * 1000 + 2 * 1000);
  after(3000);
  assert.equal(left.ended('unix'), 2 * 2000 + 2 * 2000);
  // the first scenario ended early, after failures
  after(5000);
  assert.equal(left.ended('tcp'), 5000);
  after(5000);
  assert.equal(left.ended('tcp'), 0);
});
