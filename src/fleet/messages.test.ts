import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AttemptReport } from '../suite/attempt.js';
import { allTests } from '../suite/registry.js';
import { parseMessage, readMessage, readResult } from './messages.js';

const digest = 'a'.repeat(64);
const job = {
  version: 1,
  run: '0123456789abcdef',
  test: '/migration/precopy/unix/plain',
  name: '/x86_64/migration/precopy/unix/plain',
  attempt: 1,
  machine: 'pc-q35-10.0',
  expectedMs: 500,
  keep: false,
  rerun: 'drover run -p precopy/unix/plain',
};
const report: AttemptReport = { outcome: { kind: 'passed' }, durationMs: 1, phases: [] };
const result = { version: 1, report, slot: 0 };

test('the path of each of our tests can be sent', () => {
  for (const { path } of allTests) parseMessage('job', { ...job, test: path });
});

test('a job of the wrong shape is refused, and the message says where', () => {
  assert.deepEqual(parseMessage('job', job), job);
  const wrong: readonly (readonly [Record<string, unknown>, RegExp])[] = [
    [{ version: 2 }, /version/],
    [{ run: "x'; DROP TABLE drover.result; --" }, /run: the id of a run/],
    [{ test: 'migration/plain' }, /test: a test's path/],
    [{ test: '/migration/a b' }, /test: a test's path/],
    [{ machine: 'pc,accel=kvm' }, /machine: a machine type/],
    [{ machine: '-S' }, /machine: a machine type/],
    [{ timeoutMs: -1 }, /timeoutMs/],
    [{ timeoutMs: 1e12 }, /timeoutMs/],
    [{ attempt: 1.5 }, /attempt/],
    [{ command: 'sh' }, /command/],
    [{ trace: 'file=/etc/passwd' }, /trace/],
  ];
  for (const [change, message] of wrong) {
    assert.throws(
      () => parseMessage('job', { ...job, ...change }),
      message,
      JSON.stringify(change),
    );
  }
});

test('a result of the wrong shape, or with a path that climbs out, is refused', () => {
  assert.deepEqual(readResult(JSON.stringify(result)), result);
  const evidence = (path: string): unknown => ({
    ...result,
    evidence: [{ path, sha256: digest, bytes: 1 }],
  });
  assert.equal(readResult(JSON.stringify(evidence('a/b.txt'))).evidence?.[0]?.path, 'a/b.txt');
  const wrong: readonly (readonly [unknown, RegExp])[] = [
    ['nonsense', /result of the wrong shape: it is not JSON/],
    [null, /result of the wrong shape/],
    [{ ...result, report: { ...report, outcome: { kind: 'perfect' } } }, /report\.outcome\.kind/],
    [{ ...result, report: { ...report, durationMs: 'long' } }, /report\.durationMs/],
    [{ ...result, report: { ...report, outcome: { kind: 'failed' } } }, /failure/],
    [evidence('../../../root/.ssh/authorized_keys'), /evidence\.0\.path: .*'\.\.'/],
    [evidence('/etc/passwd'), /it is absolute/],
    [evidence('a\0b'), /control character/],
    [{ ...result, evidence: [{ path: 'a', sha256: '../x', bytes: 1 }] }, /sha256: a SHA-256/],
    [{ ...result, slot: -1 }, /slot/],
    [{ ...result, more: 1 }, /more/],
  ];
  for (const [message, reason] of wrong) {
    const text = message === 'nonsense' ? message : JSON.stringify(message);
    assert.throws(() => readResult(text), reason, text);
  }
});

test('a text with the character NUL, which jsonb refuses, arrives as it is', () => {
  const failure = { code: 'deadline', message: 'stderr: a\0b \ud800' };
  const broken = { ...result, report: { ...report, outcome: { kind: 'broken', failure } } };
  const text = JSON.stringify(broken);
  assert.ok(!text.includes('\0'), 'the text itself has none');
  assert.deepEqual(readResult(text), broken);
});

test('events and requests to join are checked as well', () => {
  assert.deepEqual(readMessage('event', '{"type":"started","slot":3}'), {
    type: 'started',
    slot: 3,
  });
  assert.throws(() => readMessage('event', '{"type":"run-finished","exitCode":0}'), /event of the/);
  const request = { version: 1, drover: '0.1.0', name: 'a', token: 'x'.repeat(32), request: '' };
  assert.deepEqual(parseMessage('request to join', request), request);
  for (const name of [
    '',
    'A',
    'a b',
    'a"; DROP ROLE drover_owner; --',
    '-a',
    'x'.repeat(41),
    'ä',
  ]) {
    assert.throws(() => parseMessage('request to join', { ...request, name }), /name: a name of 1/);
  }
});
