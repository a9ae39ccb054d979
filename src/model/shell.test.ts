import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { shellQuote, splitWords } from './shell.js';

const lines = [
  'nice -n 5 qemu',
  "  nice '/a b/qemu'  ",
  'env A="x \\"y\\" z" qemu',
  "a'b c'd e\\ f",
  '"it\'s" fine',
  '',
];

test('words are split as a shell splits them', () => {
  for (const line of lines) {
    const shell = execFileSync(
      'sh',
      ['-c', `for word in ${line}; do printf '%s\\n' "$word"; done`],
      {
        encoding: 'utf8',
      },
    );
    assert.deepEqual(
      splitWords(line).map(({ text }) => text),
      shell.split('\n').slice(0, -1),
      line,
    );
  }
});

test('a word has its position, and an unclosed quote is kept as it is', () => {
  assert.deepEqual(splitWords("a 'b c'"), [
    { text: 'a', start: 0, end: 1 },
    { text: 'b c', start: 2, end: 7 },
  ]);
  assert.deepEqual(
    splitWords("it's").map(({ text }) => text),
    ["it's"],
  );
});

test('a quoted word stays one word', () => {
  for (const word of ["it's", 'a b', '$HOME', '', 'plain']) {
    assert.deepEqual(
      splitWords(shellQuote(word)).map(({ text }) => text),
      [word],
    );
  }
});
