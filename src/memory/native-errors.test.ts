/** The text of the addon's errors. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HarnessError } from '../model/errors.js';
import { toRamError } from './native-errors.js';

const native = (fields: Record<string, unknown>) =>
  Object.assign(new Error('pread: I/O error'), fields);

test('an error names the memory, the address and the reason, and keeps its cause', () => {
  const cause = native({ code: 'system', syscall: 'pread', errno: 'EIO', address: 0xd53000 });
  const error = toRamError(cause, 'pread of /tmp/ram');
  assert.ok(error instanceof HarnessError);
  assert.equal(error.code, 'ram-unreadable');
  assert.equal(
    error.message,
    'cannot read guest memory at 0xd53000 from pread of /tmp/ram: pread: I/O error',
  );
  assert.equal(error.cause, cause);
});

test('only process_vm_readv makes EPERM and ESRCH into statements about a process', () => {
  const codeFor = (syscall: string, errno: string) => {
    const error = toRamError(native({ code: 'system', syscall, errno }), 'x');
    return error instanceof HarnessError ? error.code : undefined;
  };
  assert.equal(codeFor('process_vm_readv', 'ESRCH'), 'process-gone');
  assert.equal(codeFor('process_vm_readv', 'EPERM'), 'process-memory-denied');
  assert.equal(codeFor('open', 'EPERM'), 'ram-unreadable');
});

test('errors that are not the addon’s are passed on as they are', () => {
  const other = new RangeError('other');
  assert.equal(toRamError(other, 'x'), other);
  assert.equal(toRamError('text', 'x'), 'text');
});
