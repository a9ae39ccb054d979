/** Shared memory and pages at fixed places: the test must notice memory in the file, and damage. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { realQemu } from '../../../qemu/qemus.fixtures.js';
import { onlySlice } from '../../../memory/verdict.fixtures.js';
import { outcomeOf } from '../../attempt.fixtures.js';
import { findTest } from '../../registry.js';
import { altered, ignored } from '../../sabotage.fixtures.js';

const qemu = realQemu('11.1');
const timeoutMs = 60_000;
const definition = findTest('/migration/precopy/file/mapped-ram/ignore-shared');
assert.ok(definition !== undefined);

test('a QEMU that writes shared memory to the file all the same', { skip: qemu.skip }, async () => {
  const { interference, heard } = ignored({
    command: 'migrate-set-capabilities',
    about: 'x-ignore-shared',
  });
  const outcome = await outcomeOf(definition, timeoutMs, interference, undefined, qemu);
  assert.equal(heard(), 2);
  assert.equal(outcome.kind, 'failed', JSON.stringify(outcome));
  assert.equal(outcome.failure.code, 'too-much-sent', JSON.stringify(outcome.failure));
});

test('a damaged page of the shared memory is named', { skip: qemu.skip }, async () => {
  let page: number | undefined;
  const harm = altered((at) => {
    page = at;
  });
  const outcome = await outcomeOf(definition, timeoutMs, harm, undefined, qemu);
  assert.equal(outcome.kind, 'failed', JSON.stringify(outcome));
  assert.equal(outcome.failure.code, 'memory-damaged', JSON.stringify(outcome.failure));
  assert.ok(outcome.verdict !== undefined);
  assert.equal(onlySlice(outcome.verdict).damage[0]?.start, page);
});
