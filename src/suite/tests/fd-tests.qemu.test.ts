/** A QEMU that keeps a descriptor open fails the test, and is named. */
import assert from 'node:assert/strict';
import { constants } from 'node:fs';
import { test } from 'node:test';
import { nameFile, requireClosed } from '../../migration/descriptors.js';
import { facts, outcomeOf, qemu } from '../attempt.fixtures.js';
import { precopyTest } from '../definition.js';
import { unixSocket } from './unix-socket.js';

for (const isClosed of [false, true]) {
  test(
    `a descriptor that QEMU ${isClosed ? 'has closed' : 'keeps'} is ${isClosed ? 'not ' : ''}found`,
    { skip: qemu.skip },
    async () => {
      const name = 'kept';
      const outcome = await outcomeOf(
        precopyTest({
          ...facts,
          ...unixSocket,
          startHook: async ({ context, source }) => {
            await nameFile(source, name, context.file(name), constants.O_CREAT | constants.O_RDWR);
          },
          endHook: async ({ context, source }) => {
            if (isClosed) await source.qmp.execute('closefd', { fdname: name });
            await requireClosed(source, context.file(name));
          },
        }),
      );
      const text = JSON.stringify(outcome);
      if (isClosed) {
        assert.equal(outcome.kind, 'passed', text);
        return;
      }
      assert.equal(outcome.kind, 'failed', text);
      assert.equal(outcome.failure.code, 'descriptor-left', text);
      assert.equal(outcome.failure.side, 'source', text);
    },
  );
}
