/**
 * Where the RDMA tests meet. What they do there is the precopy flow; no link was at hand to run it
 * over.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rdmaUri } from './rdma-tests.js';

test('both sides meet at the address that the probe found', () => {
  const host = {
    'rdma-ipv4': { available: true, reason: '', detail: '192.0.2.2' },
    'rdma-ipv6': { available: true, reason: '', detail: '[fe80::1%eth0]' },
  };
  assert.equal(rdmaUri(host, 'rdma-ipv4'), 'rdma:192.0.2.2:29200');
  assert.equal(rdmaUri(host, 'rdma-ipv6'), 'rdma:[fe80::1%eth0]:29200');
  assert.throws(() => rdmaUri({}, 'rdma-ipv4'), { code: 'no-rdma-address' });
});
