/** Whether RDMA is compiled in, from QEMU's answer to a migration over it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '../model/json.js';
import { QmpCommandError } from '../qmp/client.js';
import { probeRdma } from './probe.js';

const refusing =
  (desc: string) =>
  async (command: string): Promise<Json> =>
    await Promise.reject(new QmpCommandError(command, 'GenericError', desc, undefined));

test('a refusal on the way there shows that RDMA is built in', async () => {
  // seen with QEMU 7.2, 10.0 and 11.1 on a host without RDMA
  assert.equal(await probeRdma(refusing('RDMA ERROR: could not create CM channel')), true);
  assert.equal(await probeRdma(() => Promise.resolve({})), true);
});

test('a protocol that QEMU does not know is not built in', async () => {
  // what QEMU 7.2, and 10.0 and 11.1, say of a protocol that no QEMU has
  for (const desc of [
    "Parameter 'uri' expects a valid migration protocol",
    'unknown migration protocol: rdma:127.0.0.1:1',
  ]) {
    assert.equal(await probeRdma(refusing(desc)), false, desc);
  }
});

test('a QEMU that ends meanwhile is an error, not an answer', async () => {
  await assert.rejects(
    probeRdma(async () => await Promise.reject(new Error('gone'))),
    /gone/,
  );
});
