import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineSplitter } from './line-splitter.js';

test('lines come out the same however the bytes are cut', () => {
  const text = 'first\r\n{"a":"ü"}\n\nlast without end';
  const bytes = Buffer.from(text);
  for (let size = 1; size <= bytes.length; size++) {
    const lines: string[] = [];
    const splitter = new LineSplitter((line) => lines.push(line));
    for (let at = 0; at < bytes.length; at += size) splitter.push(bytes.subarray(at, at + size));
    assert.deepEqual(lines, ['first', '{"a":"ü"}', '']);
    assert.equal(splitter.remainder, 'last without end');
  }
});

test('a line that never ends is refused instead of exhausting memory', () => {
  const splitter = new LineSplitter(() => undefined, 1000);
  splitter.push(Buffer.alloc(900, 0x61));
  assert.throws(() => {
    splitter.push(Buffer.alloc(200, 0x61));
  }, /more than 1000 bytes/);
});
