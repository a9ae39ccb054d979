import assert from 'node:assert/strict';
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { makeCertificates } from '../../credentials/certificates.js';
import { folderFor } from '../../model/scratch.fixtures.js';
import { writeCertificates } from './tls-files.js';

test('certificates are complete, signed by one authority, and made once for equal requests', async (t) => {
  const folder = folderFor(t);
  const wishes = [
    { host: 'a.test', client: 'c' },
    { host: 'a.test', client: 'c' },
    { ip: '127.0.0.1' },
  ];
  await Promise.all(
    wishes.map(async (wish, i) => {
      writeCertificates(path.join(folder, String(i)), await makeCertificates(wish), true);
    }),
  );
  const file = (place: number, name: string): string =>
    readFileSync(path.join(folder, String(place), name), 'utf8');
  const authority = new X509Certificate(file(0, 'ca-cert.pem'));
  const serials = new Set<string>();
  for (const [place, name] of [
    [0, 'server'],
    [0, 'client'],
    [2, 'server'],
  ] as const) {
    const certificate = new X509Certificate(file(place, `${name}-cert.pem`));
    assert.ok(certificate.verify(authority.publicKey));
    assert.ok(certificate.checkPrivateKey(createPrivateKey(file(place, `${name}-key.pem`))));
    serials.add(certificate.serialNumber);
    assert.equal(file(place, 'ca-cert.pem'), file(0, 'ca-cert.pem'));
  }
  assert.equal(serials.size, 3);
  assert.equal(file(1, 'server-cert.pem'), file(0, 'server-cert.pem'));
  assert.equal(new X509Certificate(file(0, 'server-cert.pem')).checkHost('a.test'), 'a.test');
  assert.equal(new X509Certificate(file(2, 'server-cert.pem')).checkIP('127.0.0.1'), '127.0.0.1');
});
