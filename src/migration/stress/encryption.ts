/** TLS of a stress run or a benchmark: each migration has keys or certificates of its own. */
import { rmSync } from 'node:fs';
import type { Pair } from '../pair.js';
import type { TestContext } from '../context.js';
import { prepareCertificates, useCertificates, usePsk } from '../tls/tls-credentials.js';
import type { StressSpec } from './spec.js';

const tagOf = (round: number): string => `-round${round}`;

/** Before the destination listens. */
export async function encrypt(pair: Pair, spec: StressSpec, round: number): Promise<void> {
  const { tls, tlsPriority: priority, transport } = spec;
  const tag = tagOf(round);
  if (tls === 'psk') {
    await usePsk(pair, { tag, ciphers: priority === undefined ? 'usual' : { priority } });
  } else if (tls === 'x509') {
    // a UNIX socket has no address that the certificate could name
    const name = transport.uri.startsWith('unix:') ? { host: 'drover.test' } : { ip: '127.0.0.1' };
    const setup = { ...name, verifyClient: true, client: 'friendly', priority, tag } as const;
    await prepareCertificates(pair.context, setup);
    await useCertificates(pair, setup);
  }
}

/** Removes the files, since rounds may go on for days. */
export function forgetKeys(context: TestContext, round: number): void {
  for (const folder of ['psk', 'x509']) {
    rmSync(context.file(`${folder}${tagOf(round)}`), { recursive: true, force: true });
  }
}
