import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cancelled } from '../model/deadline.js';
import { EventLog } from './events.js';

const named = (name: string) => (event: { readonly name: string }) => event.name === name;
const wait = { what: 'event X', timeoutMs: 1000 };

test('an event that came before the wait is found', async () => {
  const log = new EventLog('source');
  log.add('STOP', {});
  assert.equal((await log.wait(named('STOP'), wait)).index, 0);
});

test('a wait that begins at a cursor does not take an older event', async () => {
  const log = new EventLog('source');
  log.add('STOP', {});
  const waiting = log.wait(named('STOP'), { ...wait, since: log.cursor });
  log.add('RESUME', {});
  log.add('STOP', {});
  assert.equal((await waiting).index, 2);
});

test('a deadline names what was awaited, the side, and what came last', async () => {
  const log = new EventLog('destination');
  log.add('MIGRATION', { status: 'active' });
  await assert.rejects(log.wait(named('RESUME'), { what: 'event RESUME', timeoutMs: 5 }), {
    name: 'HarnessError',
    code: 'deadline',
    message: 'no event RESUME on the destination within 5 ms; last seen: MIGRATION active',
  });
});

test('an abort ends a wait, before it begins too', async () => {
  const log = new EventLog('source');
  const controller = new AbortController();
  const waiting = log.wait(named('STOP'), { ...wait, signal: controller.signal });
  controller.abort();
  await assert.rejects(waiting, Cancelled);
  await assert.rejects(log.wait(named('STOP'), { ...wait, signal: controller.signal }), Cancelled);
});

test('when the connection is gone, waits fail with its reason, and earlier events are still there', async () => {
  const log = new EventLog('source');
  const waiting = log.wait(named('STOP'), wait);
  log.add('RESUME', {});
  log.close(new Error('gone'));
  await assert.rejects(waiting, /gone/);
  await assert.rejects(log.wait(named('STOP'), wait), /gone/);
  assert.equal((await log.wait(named('RESUME'), wait)).name, 'RESUME');
});

test('events are followed in order, the ones before the start left out', async () => {
  const log = new EventLog('source');
  for (const status of ['none', 'setup', 'active']) log.add('MIGRATION', { status });
  const seen: unknown[] = [];
  for await (const event of log.follow({ ...wait, since: 1 })) {
    seen.push(event.data['status']);
    if (event.data['status'] === 'active') log.add('MIGRATION', { status: 'completed' });
    if (event.data['status'] === 'completed') break;
  }
  assert.deepEqual(seen, ['setup', 'active', 'completed']);
});
