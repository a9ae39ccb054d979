import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import {
  certificateDigest,
  issuePair,
  makeAuthority,
  makeRequest,
  signRequest,
} from './private-authority.js';

test('an authority signs a server, a client, and a request, each for its own purpose only', async () => {
  const authority = await makeAuthority('Drover fleet');
  const root = new X509Certificate(authority.certificate);
  assert.equal(root.ca, true);
  assert.match(certificateDigest(authority.certificate), /^[0-9a-f]{64}$/);

  const server = new X509Certificate(
    (await issuePair(authority, { kind: 'server', dnsName: 'coordinator.drover' })).certificate,
  );
  assert.ok(server.verify(root.publicKey));
  assert.equal(server.checkHost('coordinator.drover'), 'coordinator.drover');
  assert.deepEqual(server.keyUsage, ['1.3.6.1.5.5.7.3.1']);

  const { key, request } = await makeRequest();
  assert.match(key, /BEGIN PRIVATE KEY/);
  const client = new X509Certificate(await signRequest(authority, request, 'drover_agent_a'));
  assert.ok(client.verify(root.publicKey));
  assert.equal(client.subject, 'CN=drover_agent_a', 'the name is ours, not that of the request');
  assert.equal(client.ca, false);
  assert.deepEqual(client.keyUsage, ['1.3.6.1.5.5.7.3.2']);
});

test('a name with signs that mean something in a subject stays one name', async () => {
  const authority = await makeAuthority('Drover fleet');
  const commonName = 'a,CN=drover_owner';
  const made = await issuePair(authority, { kind: 'client', commonName });
  const names = new X509Certificate(made.certificate).toLegacyObject().subject as { CN: string };
  assert.equal(names.CN, commonName);
});

test('a request that is garbage, or that another key signed, is refused', async () => {
  const authority = await makeAuthority('Drover fleet');
  await assert.rejects(signRequest(authority, 'nonsense', 'x'), /certificate request is not valid/);
  const { request } = await makeRequest();
  const der = Buffer.from(request.replace(/-----[^-]+-----/g, ''), 'base64');
  // the last bytes are of the signature
  der[der.length - 1] = (der.at(-1) ?? 0) ^ 1;
  const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
  await assert.rejects(signRequest(authority, forged, 'x'), /certificate request is not valid/);
});
