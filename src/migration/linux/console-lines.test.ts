/** What a Linux guest says is understood, also where lines come in pieces or the kernel prints between. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConsoleLines, standingStill } from './console-lines.js';

function linesOf(...pieces: string[]): ConsoleLines {
  const lines = new ConsoleLines();
  for (const piece of pieces) lines.take(piece);
  return lines;
}

test('beats are read, in pieces as well; the first and the last are kept', () => {
  const lines = linesOf(
    '[    2.8] ext2 filesystem being mounted\r\ndrover: ready\r\ndrover: beat 1 at 3.5 memory=1 tc',
    'p=2\r\ndrover: beat 2 at 4.0 memory=3 tcp=4\r\ndrover: beat 3 at 4.5 memory=5 tcp=4 frames.lost=1\r\n',
    'drover: beat 4 at 5.0 mem',
  );
  assert.ok(lines.isReady);
  assert.deepEqual(lines.firstBeat, { number: 1, seconds: 3.5, counts: { memory: 1, tcp: 2 } });
  assert.deepEqual(lines.lastBeat, {
    number: 3,
    seconds: 4.5,
    counts: { memory: 5, tcp: 4, 'frames.lost': 1 },
  });
  assert.deepEqual(lines.complaints, []);
});

test('a complaint is found behind what the kernel printed, and a panic as such', () => {
  const lines = linesOf(
    'drover: wrong clocks: the raw clock went back by 0.1 s\r\n',
    '[    9.1] something drover: wrong memory: page 7 holds 1\r\n',
    '[    9.2] Kernel panic - not syncing: Attempted to kill init!\r\n',
  );
  assert.deepEqual(lines.complaints, [
    'clocks: the raw clock went back by 0.1 s',
    'memory: page 7 holds 1',
    'Kernel panic - not syncing: Attempted to kill init!',
  ]);
  assert.equal(lines.isReady, false);
});

test('half a line is no beat: the machine it came from printed the first half', () => {
  const lines = linesOf('mory=4 tcp=5\r\nat 4.0 memory=3 tcp=4\r\n');
  assert.equal(lines.lastBeat, undefined);
  assert.equal(lines.lastLine, 'at 4.0 memory=3 tcp=4');
});

test('what stands still is named, but for losses, and what has not done enough', () => {
  const beat = (number: number, counts: Record<string, number>) => ({ number, seconds: 1, counts });
  const first = beat(1, { memory: 5, tcp: 5, old: 0, 'frames.lost': 1 });
  const last = beat(2, { memory: 6, tcp: 5, old: 9, 'frames.lost': 1 });
  assert.deepEqual(standingStill(first, last), ['tcp']);
  assert.deepEqual(standingStill(first, last, { old: 10 }), ['tcp', 'old']);
});
