/**
 * The files of QEMU's TLS credentials: pre-shared keys, or certificates of a temporary authority.
 * Each test has keys of its own.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { CertificateFiles } from '../../credentials/certificates.js';
import { writeDhParams } from '../../credentials/dh-params.js';

/** the user name on both sides */
export const pskUser = 'qemu';

/**
 * Makes `directory` with a file of one new key.
 * @param wantsDh whether the server would make Diffie-Hellman parameters of its own otherwise
 */
export function writePsk(directory: string, wantsDh: boolean): void {
  mkdirSync(directory, { mode: 0o700 });
  const key = randomBytes(16).toString('hex');
  writeFileSync(path.join(directory, 'keys.psk'), `${pskUser}:${key}\n`, { mode: 0o600 });
  if (wantsDh) writeDhParams(directory);
}

/** Makes `directory` with certificates in it. @param wantsDh as in writePsk */
export function writeCertificates(
  directory: string,
  files: CertificateFiles,
  wantsDh: boolean,
): void {
  mkdirSync(directory, { mode: 0o700 });
  if (wantsDh) writeDhParams(directory);
  for (const [name, text] of files) {
    writeFileSync(path.join(directory, name), `${text}\n`, { mode: 0o600 });
  }
}
