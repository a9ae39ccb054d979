/** A QEMU without mode cpr-exec must be told apart from one that fails in it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cprExec } from './cpr-exec.js';
import { facts, failureOf, qemu } from '../../attempt.fixtures.js';

test(
  'a QEMU that cannot become another one fails with its reason',
  { skip: qemu.skip },
  async () => {
    const failure = await failureOf({ ...facts, run: cprExec });
    // 10.0 has no such mode; it says so
    assert.equal(failure.code, 'qmp-error');
    assert.match(failure.message, /migrate-set-parameters/);
  },
);
