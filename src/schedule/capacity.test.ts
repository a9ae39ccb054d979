import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultJobs, pairBytes } from './capacity.js';

const ram = 150 * 1024 * 1024;

void test('one pair per core where memory is plenty', () => {
  assert.equal(defaultJobs({ cores: 2, availableBytes: 100 * pairBytes(ram) }, ram), 2);
});

void test('memory limits the pairs before cores do', () => {
  assert.equal(defaultJobs({ cores: 16, availableBytes: 4 * pairBytes(ram) }, ram), 3);
});

void test('a host on which not even one pair fits is told so', () => {
  assert.throws(() => defaultJobs({ cores: 1, availableBytes: 1024 ** 2 }, ram), {
    code: 'no-memory',
    blame: 'host',
  });
});
