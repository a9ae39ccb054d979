/**
 * Diffie-Hellman parameters for QEMU's TLS servers: the well-known 2048-bit group, in the file that
 * QEMU looks for. A QEMU that finds none makes its own at every start, which costs a second or two
 * of computing.
 */
import { getDiffieHellman } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';

/** one element in ASN.1's distinguished encoding */
function element(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const head = length < 128 ? [tag, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}

/** a zero in front keeps a number with a high first bit positive */
const integer = (bytes: Buffer): Buffer => element(2, Buffer.concat([Buffer.of(0), bytes]));

/** Writes dh-params.pem: DHParameter of PKCS#3, a sequence of prime and generator. */
export function writeDhParams(directory: string): void {
  const group = getDiffieHellman('modp14');
  const prime = integer(group.getPrime());
  const generator = element(2, group.getGenerator());
  const text = element(0x30, Buffer.concat([prime, generator])).toString('base64');
  const lines = text.match(/.{1,64}/g) ?? [];
  const pem = ['-----BEGIN DH PARAMETERS-----', ...lines, '-----END DH PARAMETERS-----', ''];
  writeFileSync(path.join(directory, 'dh-params.pem'), pem.join('\n'), { mode: 0o600 });
}
