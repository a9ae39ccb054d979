import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawing } from '../../model/drawing.fixtures.js';
import { binsOf, brownoutOf, speedBetween, standstill, valueAt } from './guest-course.js';

/** a sample each half millisecond from `fromMs` on */
function recorded(value: (atMs: number) => number, fromMs: number, toMs: number): number[] {
  return Array.from({ length: (toMs - fromMs) * 2 + 1 }, (_, sample) => {
    const atMs = fromMs + sample / 2;
    return [atMs, value(atMs)];
  }).flat();
}

/** writes 5 pages each millisecond, and stands still from 100 to 130 ms, and from 160 to 165 ms */
const written = (atMs: number): number =>
  5 *
  Math.floor(atMs - Math.min(30, Math.max(0, atMs - 100)) - Math.min(5, Math.max(0, atMs - 160)));

test('the standstill is the longest that reaches into the downtime, as exact as its samples', () => {
  const record = recorded(written, 0, 300);
  const still = standstill(record, 102, 125);
  assert.ok(still !== undefined && still.ms >= 30 && still.ms <= 31.5, JSON.stringify(still));
  assert.equal(still.resolutionMs, 0.5);
  // the shorter one is found where only that reaches in
  assert.ok(Number(standstill(record, 161, 163)?.ms) < 7);
  // postcopy: RESUME comes before the longer standstill
  assert.equal(standstill(record, 98, 101)?.ms, still.ms);
});

test('a standstill of which the record does not see both ends is not measured', () => {
  assert.equal(standstill(recorded(written, 105, 300), 102, 125), undefined);
  assert.equal(standstill(recorded(written, 0, 120), 102, 125), undefined);
  assert.equal(standstill([], 1, 2), undefined);
  // it writes once more after event STOP, and then never again
  const once = recorded((atMs) => (atMs < 100 ? Math.floor(atMs) : atMs < 103 ? 100 : 101), 0, 300);
  assert.equal(standstill(once, 102, 125), undefined);
  assert.equal(standstill(once, 100.5, 102)?.ms, 3);
});

test('samples that came late are the resolution', () => {
  const record = [0, 0, 1, 1, 2, 2, 22, 3, 23, 3, 30, 4, 31, 5];
  assert.deepEqual(standstill(record, 22.5, 25), { ms: 8, resolutionMs: 20 });
});

test('the sum of all bins is what the record grew by, whatever its samples', () => {
  const seed = 20261130;
  const draw = drawing(seed);
  for (let run = 0; run < 200; run++) {
    let [atMs, value] = [1.7e12 + draw(1000) / 7, draw(1e9)];
    const record: number[] = [];
    for (let left = 2 + draw(300); left > 0; left--) {
      record.push(atMs, value);
      atMs += draw(40) / 8;
      value += draw(3) === 0 ? 0 : draw(500);
    }
    const bins = binsOf(record, 10, 1.7e12);
    assert.ok(bins !== undefined);
    const grown = Number(record.at(-1)) - Number(record[1]);
    const sum = bins.pages.reduce((a, b) => a + b, 0);
    assert.equal(sum, grown, `seed ${seed}, run ${run}`);
    assert.ok(
      bins.pages.every((pages) => pages >= 0),
      `seed ${seed}, run ${run}`,
    );
    assert.equal(bins.fromMs, Number(record[0]) - 1.7e12);
    assert.ok(bins.pages.length * 10 >= Number(record.at(-2)) - Number(record[0]));
  }
  assert.equal(binsOf([1, 2], 10, 0), undefined);
});

test('between two samples the number is on a straight line, outside it is that of the nearest', () => {
  const record = [10, 100, 20, 200, 40, 200];
  assert.equal(valueAt(record, 15), 150);
  assert.equal(valueAt(record, 0), 100);
  assert.equal(valueAt(record, 99), 200);
  assert.equal(speedBetween(record, 10, 20), 10);
  assert.equal(speedBetween(record, 20, 40), undefined);
  assert.equal(speedBetween([], 1, 2), undefined);
});

test('what is lost is time at full speed, and the guest is back when it stays fast', () => {
  const record = recorded(written, 0, 600);
  const fullSpeed = speedBetween(record, 0, 90);
  assert.ok(fullSpeed !== undefined && Math.abs(fullSpeed - 5) < 0.1);
  const brownout = brownoutOf(record, 5, { fromMs: 50, toMs: 250, resumeMs: 120 });
  assert.ok(Math.abs(brownout.lostMs - 35) <= 1, String(brownout.lostMs));
  assert.equal(brownout.recoveryMs, 10);
  const slow = recorded(
    (atMs) => Math.floor(atMs < 128 ? 5 * atMs : 640 + 2 * (atMs - 128)),
    0,
    600,
  );
  const never = brownoutOf(slow, 5, { fromMs: 128, toMs: 228, resumeMs: 128 });
  assert.equal(never.recoveryMs, undefined);
  assert.ok(Math.abs(never.lostMs - 60) <= 1);
  // a guest that caught up has lost nothing
  assert.equal(brownoutOf(record, 4, { fromMs: 200, toMs: 250, resumeMs: 200 }).lostMs, 0);
});
