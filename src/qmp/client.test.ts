import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { QmpClient } from './client.js';

const greeting =
  '{"QMP":{"version":{"qemu":{"micro":2,"minor":0,"major":10},"package":"Debian"},"capabilities":["oob"]}}';

/**
 * The other end of a QMP connection, played by a script: for each request line, its answer lines.
 */
class ScriptedQemu extends Duplex {
  readonly requests: string[] = [];

  constructor(readonly answer: (request: { execute?: string; id: string }) => string[]) {
    super();
  }

  override _read(): void {
    // answers are pushed as they come
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    const line = chunk.toString().trim();
    this.requests.push(line);
    const request = JSON.parse(line) as { execute?: string; id: string };
    for (const answer of this.answer(request)) this.push(`${answer}\r\n`);
    done();
  }
}

const agreeable = (request: { id: string }): string[] => [`{"return":{},"id":"${request.id}"}`];

test('the handshake reads the version and negotiates', async () => {
  const qemu = new ScriptedQemu(agreeable);
  const client = new QmpClient({ socket: qemu, side: 'source' });
  qemu.push(`${greeting}\r\n`);
  const { version, package: pack } = await client.handshake({ timeoutMs: 1000, oob: true });
  assert.deepEqual([version, pack], ['10.0.2', 'Debian']);
  assert.deepEqual(qemu.requests, [
    '{"execute":"qmp_capabilities","arguments":{"enable":["oob"]},"id":"1"}',
  ]);
});

test('a peer that never greets runs into the deadline', async () => {
  const client = new QmpClient({ socket: new ScriptedQemu(() => []), side: 'source' });
  await assert.rejects(client.handshake({ timeoutMs: 5 }), {
    code: 'deadline',
    message: 'no QMP greeting on the source within 5 ms; last seen: nothing on the QMP connection',
  });
});

test('answers find their commands by id, whatever their order', async () => {
  const held: string[] = [];
  const qemu = new ScriptedQemu(({ id, execute }) => {
    held.unshift(`{"return":{"of":"${String(execute)}"},"id":"${id}"}`);
    return held.length === 2 ? held : [];
  });
  const client = new QmpClient({ socket: qemu });
  const [one, two] = await Promise.all([client.execute('one'), client.execute('two')]);
  assert.deepEqual([one, two], [{ of: 'one' }, { of: 'two' }]);
});

test('a refusal carries the command, the class and the description', async () => {
  const qemu = new ScriptedQemu(({ id }) => [
    `{"error":{"class":"GenericError","desc":"no way"},"id":"${id}"}`,
  ]);
  const client = new QmpClient({ socket: qemu, side: 'destination' });
  await assert.rejects(client.execute('migrate'), {
    code: 'qmp-error',
    command: 'migrate',
    errorClass: 'GenericError',
    desc: 'no way',
    message: 'the destination QEMU refused migrate: no way',
  });
});

test('events that come before an answer are kept apart from it', async () => {
  const qemu = new ScriptedQemu(({ id }) => [
    '{"event":"STOP","timestamp":{"seconds":1,"microseconds":2}}',
    `{"return":{},"id":"${id}"}`,
  ]);
  const client = new QmpClient({ socket: qemu });
  await client.execute('stop');
  assert.deepEqual(
    client.events.all.map(({ name }) => name),
    ['STOP'],
  );
});

test('when the connection ends, commands under way fail and later ones are refused', async () => {
  const qemu = new ScriptedQemu(() => []);
  const client = new QmpClient({ socket: qemu, side: 'source' });
  const waiting = client.execute('query-status');
  qemu.push(null);
  await assert.rejects(waiting, {
    code: 'qmp-closed',
    message: 'the source QEMU closed its QMP connection',
  });
  await assert.rejects(client.execute('query-status'), { code: 'qmp-closed' });
});

test('garbage on the connection is in the error', async () => {
  const qemu = new ScriptedQemu(() => ['hello?']);
  const client = new QmpClient({ socket: qemu });
  await assert.rejects(client.execute('query-status'), {
    code: 'qmp-garbage',
    message: 'the QMP connection received a line that is not JSON: hello?',
  });
});

test('a command that is not answered runs into its deadline', async () => {
  const client = new QmpClient({ socket: new ScriptedQemu(() => []), side: 'source' });
  await assert.rejects(client.execute('stop', undefined, { timeoutMs: 5 }), {
    code: 'deadline',
    message: 'no answer to QMP stop on the source within 5 ms; last seen: no event',
  });
});
