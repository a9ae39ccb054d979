import assert from 'node:assert/strict';
import { truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { readTail } from './output-tail.js';
import { Scratch } from '../model/scratch.fixtures.js';

test('a short file is read whole, and of a huge one only the end', () => {
  using scratch = new Scratch();
  const file = path.join(scratch.directory, 'output');
  writeFileSync(file, 'last words\n');
  assert.equal(readTail(file), 'last words\n');
  // a hole: more than a string can hold, without taking the disk's room
  truncateSync(file, 8 * 1024 ** 3);
  writeFileSync(file, 'the end\n', { flag: 'a' });
  const tail = readTail(file);
  assert.ok(tail.length <= 64 * 1024);
  assert.ok(tail.endsWith('the end\n'));
});
