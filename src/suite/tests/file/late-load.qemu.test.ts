/**
 * A snapshot whose guest runs before its memory is loaded, and memory of KVM's: no QEMU of Debian's
 * can do either yet. So what is shown here is that the tests fail where QEMU does not do it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { realQemu } from '../../../qemu/qemus.fixtures.js';
import { outcomeOf } from '../../attempt.fixtures.js';
import { findTest } from '../../registry.js';
import { ignored } from '../../sabotage.fixtures.js';

const qemu = realQemu('11.1');
const timeoutMs = 60_000;

test('a QEMU that loads all memory first is found', { skip: qemu.skip }, async () => {
  const definition = findTest('/migration/postcopy/file/mapped-ram');
  assert.ok(definition !== undefined);
  const { interference, heard } = ignored({
    command: 'migrate-set-capabilities',
    about: 'postcopy-ram',
  });
  const outcome = await outcomeOf(definition, timeoutMs, interference, undefined, qemu);
  assert.equal(heard(), 1);
  assert.equal(outcome.kind, 'failed', JSON.stringify(outcome));
  assert.equal(outcome.failure.code, 'no-effect', JSON.stringify(outcome.failure));
  assert.equal(outcome.failure.side, 'destination');
});

test('a QEMU without guest-memfd memory does not pass', { skip: qemu.skip }, async () => {
  const definition = findTest('/migration/precopy/tcp/plain/guest-memfd');
  assert.ok(definition !== undefined);
  const outcome = await outcomeOf(definition, timeoutMs, {}, undefined, qemu);
  assert.equal(outcome.kind, 'failed', JSON.stringify(outcome));
  assert.match(JSON.stringify(outcome.failure), /guest-memfd/);
});
