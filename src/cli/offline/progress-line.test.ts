import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProgressLine } from './progress-line.js';

function terminal(columns = 80): {
  isTTY: boolean;
  columns: number;
  text: string;
  write(text: string): void;
} {
  return {
    isTTY: true,
    columns,
    text: '',
    write(text) {
      this.text += text;
    },
  };
}

test('long work shows how far it is and how long it will take, and then leaves no trace', () => {
  const stream = terminal();
  let nowMs = 0;
  const line = new ProgressLine(stream, false, () => nowMs);
  const report = line.step('checking')!;
  nowMs = 400;
  report(10, 100);
  assert.equal(stream.text, '', 'too soon to show a line');
  nowMs = 2000;
  report(25, 100);
  assert.match(stream.text, /checking \[#{8}\.{22}\] 25 %, 6 s left$/);
  line.clear();
  line.clear();
  assert.ok(stream.text.endsWith('left\r\x1b[K'));
});

test('work of unknown size shows how long it has taken', () => {
  const stream = terminal();
  let nowMs = 0;
  const report = new ProgressLine(stream, false, () => nowMs).step('reading')!;
  nowMs = 3000;
  report(5, 0);
  assert.ok(stream.text.endsWith('reading 3 s'));
});

test('a line is never wider than the terminal', () => {
  const stream = terminal(40);
  let nowMs = 0;
  const report = new ProgressLine(stream, false, () => nowMs).step('x'.repeat(100))!;
  nowMs = 1000;
  report(1, 2);
  assert.equal(stream.text.replace('\r\x1b[K', '').length, 39);
});

test('nothing is drawn without a terminal', () => {
  assert.equal(new ProgressLine({ write: () => undefined }, false).step('x'), undefined);
  assert.equal(new ProgressLine(terminal(), true).step('x'), undefined);
});
