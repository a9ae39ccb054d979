/**
 * Certificates of a throw-away authority, as the texts of the files that QEMU reads. Valid for a
 * day, and given to all tests of a run that ask for the same.
 */
import { randomBytes } from 'node:crypto';
import type { webcrypto } from 'node:crypto';
import type * as x509Module from '@peculiar/x509';

export interface CertificateRequest {
  /** name of the server, for which it is valid as a DNS name */
  readonly host?: string;
  /** address of the server, for which it is valid */
  readonly ip?: string;
  /** common name of the client's certificate; none is made without */
  readonly client?: string;
}

/** names of files, and what is in them */
export type CertificateFiles = ReadonlyMap<string, string>;

/** a certificate authority, a server's certificate and, if wanted, a client's */
export type CertificateMaker = (
  request: CertificateRequest,
  signal?: AbortSignal,
) => Promise<CertificateFiles>;

const hourMs = 3_600_000;
const signing = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/**
 * What was made for a request, for the whole process: several tests have the same one, and making
 * takes longer than all else they do with it.
 */
const made = new Map<string, Promise<CertificateFiles>>();
/** of all that is made in the same half of a day */
const authorities = new Map<number, Promise<Authority>>();

interface Authority {
  readonly certificate: x509Module.X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
}

/**
 * Makes them in this thread, which loads a library for it: a run has its main thread do it for all
 * others.
 */
export const makeCertificates: CertificateMaker = async (request) => {
  const { host, ip, client } = request;
  // half of a day's validity is left at least
  const halfDay = Math.trunc(Date.now() / (12 * hourMs));
  const key = JSON.stringify([host, ip, client, halfDay]);
  const authority = once(authorities, halfDay, makeAuthority);
  return await once(made, key, async () => await makeFor(request, authority));
};

/** What was made before, unless that failed. */
async function once<K, V>(all: Map<K, Promise<V>>, key: K, make: () => Promise<V>): Promise<V> {
  const making = all.get(key) ?? make();
  all.set(key, making);
  try {
    return await making;
  } catch (error) {
    all.delete(key);
    throw error;
  }
}

/**
 * takes a while to load, which tests without certificates need not wait for; the library asks for
 * the first
 */
async function loadX509(): Promise<typeof x509Module> {
  await import('reflect-metadata');
  return await import('@peculiar/x509');
}

const makeKeys = async (): Promise<webcrypto.CryptoKeyPair> =>
  await crypto.subtle.generateKey(signing, true, ['sign', 'verify']);

function validity(): { readonly notBefore: Date; readonly notAfter: Date } {
  return {
    // clocks of other hosts may be a little behind
    notBefore: new Date(Date.now() - hourMs),
    notAfter: new Date(Date.now() + 24 * hourMs),
  };
}

async function makeAuthority(): Promise<Authority> {
  const x509 = await loadX509();
  const keys = await makeKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: 'CN=Drover test authority',
    ...validity(),
    keys,
    signingAlgorithm: signing,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  });
  return { certificate, keys };
}

async function makeFor(
  { host, ip, client }: CertificateRequest,
  by: Promise<Authority>,
): Promise<CertificateFiles> {
  const authority = await by;
  const x509 = await loadX509();
  const { KeyUsageFlags: usage, ExtendedKeyUsage: purpose } = x509;
  const files = new Map([['ca-cert.pem', authority.certificate.toString('pem')]]);
  const saveKey = async (name: string, { privateKey }: webcrypto.CryptoKeyPair): Promise<void> => {
    const der = await crypto.subtle.exportKey('pkcs8', privateKey);
    files.set(name, x509.PemConverter.encode(der, 'PRIVATE KEY'));
  };

  const issue = async (
    role: 'server' | 'client',
    commonName: string,
    names: readonly { readonly type: 'dns' | 'ip'; readonly value: string }[],
  ): Promise<void> => {
    const keys = await makeKeys();
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: randomBytes(8).toString('hex'),
      subject: `CN=${commonName}`,
      issuer: authority.certificate.subject,
      ...validity(),
      publicKey: keys.publicKey,
      signingKey: authority.keys.privateKey,
      signingAlgorithm: signing,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        // QEMUs before 10.0 refuse a certificate that is not for encipherment too
        new x509.KeyUsagesExtension(usage.digitalSignature | usage.keyEncipherment, true),
        new x509.ExtendedKeyUsageExtension(
          [role === 'server' ? purpose.serverAuth : purpose.clientAuth],
          true,
        ),
        ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension([...names])]),
      ],
    });
    await saveKey(`${role}-key.pem`, keys);
    files.set(`${role}-cert.pem`, certificate.toString('pem'));
  };

  await issue('server', host ?? ip ?? 'server', [
    ...(host === undefined ? [] : [{ type: 'dns', value: host } as const]),
    ...(ip === undefined ? [] : [{ type: 'ip', value: ip } as const]),
  ]);
  if (client !== undefined) await issue('client', client, []);
  return files;
}
