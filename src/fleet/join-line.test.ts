import assert from 'node:assert/strict';
import { test } from 'node:test';
import { joinText, parseJoinLine } from './join-line.js';

const line = {
  host: 'fleet.example',
  port: 8443,
  authority: 'ab'.repeat(32),
  token: 'x'.repeat(32),
};

test('a join line gives back what it was made of, also with an IPv6 address', () => {
  for (const host of ['fleet.example', '10.0.0.1', '::1', 'fe80::1']) {
    assert.deepEqual(parseJoinLine(` ${joinText({ ...line, host })}\n`), { ...line, host });
  }
});

test('another form is refused, and the message does not repeat the secret', () => {
  const text = joinText(line);
  const wrong = [
    '',
    'https://fleet.example:8443/',
    text.replace(':8443', ''),
    text.replace(':8443', ':99999'),
    text.replace('#sha256:', '#md5:'),
    text.replace('ab', 'AB'),
    text.replace('/xxxx', '/../x'),
    `${text}; rm -rf /`,
  ];
  for (const each of wrong) {
    assert.throws(
      () => parseJoinLine(each),
      ({ message }: Error) =>
        message.includes('drover://HOST:PORT/TOKEN') && !message.includes(line.token),
      each,
    );
  }
});
