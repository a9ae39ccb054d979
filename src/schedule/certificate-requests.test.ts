import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { Cancelled } from '../model/deadline.js';
import { CertificateRequests, answerRequest } from './certificate-requests.js';
import type { FromWorker, ToWorker } from './protocol.js';

/** Both sides with a channel between them, as a worker and the main thread have one. */
function worker(t: TestContext): CertificateRequests {
  const { port1, port2 } = new MessageChannel();
  t.after(() => {
    port1.close();
  });
  port1.on('message', (message: FromWorker) => {
    assert.equal(message.type, 'certificates');
    void answerRequest(message).then((answer) => {
      port1.postMessage(answer);
    });
  });
  const requests = new CertificateRequests((request) => {
    port2.postMessage(request);
  });
  port2.on('message', (message: ToWorker) => {
    assert.ok('id' in message);
    requests.onAnswer(message);
  });
  return requests;
}

test('equal requests of workers get the same certificates, other requests their own', async (t) => {
  const [a, b] = [worker(t), worker(t)];
  const [first, second, other] = await Promise.all([
    a.make({ host: 'a.test' }),
    b.make({ host: 'a.test' }),
    a.make({ host: 'b.test', client: 'c' }),
  ]);
  assert.deepEqual([...first], [...second]);
  assert.deepEqual([...first.keys()].sort(), ['ca-cert.pem', 'server-cert.pem', 'server-key.pem']);
  assert.equal(other.size, 5);
  assert.equal(new X509Certificate(other.get('server-cert.pem') ?? '').subject, 'CN=b.test');
});

test('what cannot be made, and a cancelled wait, are reported', async (t) => {
  await assert.rejects(worker(t).make({ ip: 'no address' }), /address/i);
  const gone = AbortSignal.abort();
  await assert.rejects(worker(t).make({ host: 'a.test' }, gone), Cancelled);
});
