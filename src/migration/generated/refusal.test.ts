import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QmpCommandError } from '../../qmp/client.js';
import { refusalIn } from './refusal.js';

const answer = (command: string, desc: string, errorClass = 'GenericError'): unknown =>
  refusalIn(new QmpCommandError(command, errorClass, desc, 'source'));

test('an answer to what was asked is a refusal, in the words of QEMU', () => {
  const words = 'Multifd is not compatible with compress';
  const command = 'migrate-set-capabilities';
  assert.deepEqual(answer(command, words), { command, side: 'source', words });
});

for (const [what, command, desc, errorClass] of [
  ['an answer to another command', 'stop', 'no', undefined],
  ['an unknown command', 'migrate', 'The command migrate has not been found', 'CommandNotFound'],
  ['a full disk', 'migrate', 'Unable to write: No space left on device', undefined],
  ['no more descriptors', 'migrate-incoming', 'socket: Too many open files', undefined],
  ['an address in use', 'migrate-incoming', 'Failed to bind: Address already in use', undefined],
  ['an argument of ours', 'migrate', "Parameter 'x' is unexpected", undefined],
] as const) {
  test(`${what} is no refusal of the settings`, () => {
    assert.equal(answer(command, desc, errorClass), undefined);
  });
}

test('an error that QEMU did not give is no refusal', () => {
  assert.equal(refusalIn(new Error('Multifd is not compatible')), undefined);
});
