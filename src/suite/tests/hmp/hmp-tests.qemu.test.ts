/** The tests of the human monitor must notice what they are there for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { facts, failureOf, qemu } from '../../attempt.fixtures.js';
import { hmpCompletion } from './hmp-completion.js';
import { hmpParameters } from './hmp-parameters.js';

/** The monitor answers one of its commands with `text`; QEMU never gets the command. */
function answered(line: string, text: string): Parameters<typeof failureOf>[2] {
  return {
    answer: (command, args) =>
      command === 'human-monitor-command' && args?.['command-line'] === line ? text : undefined,
  };
}

test('a parameter that the monitor does not set is noticed', { skip: qemu.skip }, async () => {
  const lost = answered('migrate_set_parameter downtime-limit 1234', '');
  const failure = await failureOf({ ...facts, run: hmpParameters }, undefined, lost);
  assert.equal(failure.code, 'wrong-monitor');
  assert.equal(failure.waitedFor, 'QMP reports 1234');
  assert.equal(failure.lastSeen, '300');
});

test('an unknown parameter that is not refused is noticed', { skip: qemu.skip }, async () => {
  const taken = answered('migrate_set_parameter no-such-parameter 1', '');
  const failure = await failureOf({ ...facts, run: hmpParameters }, undefined, taken);
  assert.equal(failure.code, 'wrong-monitor');
  assert.match(failure.message, /'no-such-parameter 1'/);
});

test('a command that is not completed is noticed', { skip: qemu.skip }, async () => {
  const more = answered('help', 'migrate [-d] uri\nmigrate_lost -- nothing\n');
  const failure = await failureOf({ ...facts, run: hmpCompletion }, undefined, more);
  assert.equal(failure.code, 'wrong-monitor');
  assert.equal(failure.waitedFor, 'migrate migrate_lost');
  assert.match(failure.lastSeen ?? '', /migrate_set_parameter/);
});
