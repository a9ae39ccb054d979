import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exercisedBy, exercisedByAddress } from './coverage.js';

test('a capability counts when it is switched on, not off', () => {
  const capabilities = [
    { capability: 'multifd', state: true },
    { capability: 'xbzrle', state: false },
  ];
  assert.deepEqual(exercisedBy('migrate-set-capabilities', { capabilities }), [
    'capability multifd',
  ]);
});

test('a parameter counts, and with a text its value', () => {
  assert.deepEqual(
    exercisedBy('migrate-set-parameters', { 'max-bandwidth': 1, mode: 'cpr-exec' }),
    ['parameter max-bandwidth', 'parameter mode', 'value mode=cpr-exec'],
  );
});

test('where to migrate counts by its transport, as an address or as channels', () => {
  assert.deepEqual(exercisedBy('migrate', { uri: 'exec:cat > /dev/null' }), ['transport exec']);
  const addr = { transport: 'socket', type: 'inet', host: '127.0.0.1', port: '1' };
  assert.deepEqual(
    exercisedBy('migrate-incoming', { channels: [{ 'channel-type': 'main', addr }] }),
    ['channel main', 'transport tcp'],
  );
  const file = { transport: 'file', filename: '/x', offset: 0 };
  assert.deepEqual(exercisedBy('migrate', { channels: [{ 'channel-type': 'main', addr: file }] }), [
    'channel main',
    'transport file',
  ]);
});

test('other commands, and a deferred destination, exercise nothing', () => {
  assert.deepEqual(exercisedBy('query-migrate'), []);
  assert.deepEqual(exercisedByAddress('defer'), []);
});
