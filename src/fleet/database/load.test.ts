import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findPostgres } from './find-postgres.js';
import { absent, isOldNode } from './load.js';

test('without pg-boss the message says what to install, and why npm left it out', () => {
  const missing = Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' });
  const old = absent(missing, 'v20.19.0').input;
  assert.match(old.message, /pg-boss 12\.38\.0, which are not installed here/);
  assert.match(old.details?.join('\n') ?? '', /npm leaves pg-boss out on Node\.js v20\.19\.0/);
  assert.match(old.details?.join('\n') ?? '', /npm install pg@8 pg-boss@12\.38\.0/);
  const recent = absent(missing, 'v22.12.0').input.details?.join('\n') ?? '';
  assert.doesNotMatch(recent, /leaves/);
  assert.match(absent(new Error('broken'), 'v22.12.0').message, /not usable: .*broken/);
  assert.deepEqual(['v20.19.0', 'v22.11.9', 'v22.12.0', 'v24.1.0'].map(isOldNode), [
    true,
    true,
    false,
    false,
  ]);
});

test('without PostgreSQL the message has the command that installs it', () => {
  const look = (isRoot: boolean) => () => findPostgres('/nowhere', { folder: '/nowhere', isRoot });
  const details = (wanted: RegExp) => (error: { input?: { details?: readonly string[] } }) =>
    wanted.test(error.input?.details?.join('\n') ?? '');
  assert.throws(look(false), details(/sudo apt-get install --no-install-recommends postgresql/));
  assert.throws(look(true), details(/run: apt-get install/));
  assert.throws(look(true), /no PostgreSQL of 13 or newer/);
});
