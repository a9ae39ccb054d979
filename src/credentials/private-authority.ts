/**
 * A certificate authority of one fleet: it signs the server's certificate and those of agents, whose keys
 * never leave their hosts. Everything is PEM text. Certificates for tests of TLS are another file's.
 */
import { X509Certificate, createHash, randomBytes } from 'node:crypto';
import type { webcrypto } from 'node:crypto';
import type * as x509Module from '@peculiar/x509';
import { usageError } from '../model/errors.js';

/** PEM texts */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

const signing = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const hourMs = 3_600_000;
/** of the authority and of all that it signs */
export const validDays = 90;

async function loadX509(): Promise<typeof x509Module> {
  await import('reflect-metadata');
  return await import('@peculiar/x509');
}

const makeKeys = async (): Promise<webcrypto.CryptoKeyPair> =>
  await crypto.subtle.generateKey(signing, true, ['sign', 'verify']);

async function keyText({ privateKey }: webcrypto.CryptoKeyPair): Promise<string> {
  const { PemConverter } = await loadX509();
  return PemConverter.encode(await crypto.subtle.exportKey('pkcs8', privateKey), 'PRIVATE KEY');
}

function validity(): { readonly notBefore: Date; readonly notAfter: Date } {
  return {
    // clocks of other hosts may be a little behind
    notBefore: new Date(Date.now() - hourMs),
    notAfter: new Date(Date.now() + validDays * 24 * hourMs),
  };
}

export async function makeAuthority(commonName: string): Promise<KeyPair> {
  const x509 = await loadX509();
  const keys = await makeKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: `CN=${commonName}`,
    ...validity(),
    keys,
    signingAlgorithm: signing,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  });
  return { certificate: certificate.toString('pem'), key: await keyText(keys) };
}

/** positive, since the first byte is below 0x80 */
const serial = (): string => `1${randomBytes(8).toString('hex').slice(1)}`;

export type Role =
  | { readonly kind: 'server'; readonly dnsName: string }
  | { readonly kind: 'client'; readonly commonName: string };

/** A key and its certificate, made here. */
export async function issuePair(authority: KeyPair, role: Role): Promise<KeyPair> {
  const keys = await makeKeys();
  const certificate = await sign(authority, role, keys.publicKey);
  return { certificate, key: await keyText(keys) };
}

/** A key that stays where it is, and the request for a certificate of it. */
export async function makeRequest(): Promise<{ readonly key: string; readonly request: string }> {
  const x509 = await loadX509();
  const keys = await makeKeys();
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: 'CN=drover agent',
    keys,
    signingAlgorithm: signing,
  });
  return { key: await keyText(keys), request: request.toString('pem') };
}

/**
 * The certificate for a request. Its names and extensions are ours: of the request only the key is taken.
 * @throws HarnessError `bad-certificate-request`
 */
export async function signRequest(
  authority: KeyPair,
  request: string,
  commonName: string,
): Promise<string> {
  const x509 = await loadX509();
  const refuse = (why: string, cause?: unknown): Error =>
    usageError('bad-certificate-request', `the certificate request is not valid: ${why}`, {
      cause,
    });
  let key: webcrypto.CryptoKey;
  let isOwn: boolean;
  try {
    const parsed = new x509.Pkcs10CertificateRequest(request);
    key = (await parsed.publicKey.export(signing, ['verify'])) as webcrypto.CryptoKey;
    isOwn = await parsed.verify();
  } catch (cause) {
    throw refuse('it cannot be read as PKCS #10 with a key of P-256', cause);
  }
  if (!isOwn) throw refuse('its signature is not that of its key');
  return await sign(authority, { kind: 'client', commonName }, key);
}

async function sign(
  authority: KeyPair,
  role: Role,
  publicKey: webcrypto.CryptoKey,
): Promise<string> {
  const x509 = await loadX509();
  const { KeyUsageFlags: usage, ExtendedKeyUsage: purpose } = x509;
  const issuer = new x509.X509Certificate(authority.certificate);
  const signingKey = await crypto.subtle.importKey(
    'pkcs8',
    x509.PemConverter.decodeFirst(authority.key),
    signing,
    false,
    ['sign'],
  );
  const isServer = role.kind === 'server';
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: [{ CN: [isServer ? role.dnsName : role.commonName] }],
    issuer: issuer.subject,
    ...validity(),
    publicKey,
    signingKey,
    signingAlgorithm: signing,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(usage.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([isServer ? purpose.serverAuth : purpose.clientAuth]),
      ...(isServer
        ? [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: role.dnsName }])]
        : []),
    ],
  });
  return certificate.toString('pem');
}

/** SHA-256 of the certificate itself (DER), as lower-case hex: what a join line pins. */
export function certificateDigest(pem: string): string {
  return createHash('sha256').update(new X509Certificate(pem).raw).digest('hex');
}
