/** Encrypted migration: makes credentials and gives them to both sides. For the hooks of a test. */
import { contractError } from '../../model/errors.js';
import type { JsonObject } from '../../model/json.js';
import type { Machine } from '../../qemu/machine.js';
import type { CertificateRequest } from '../../credentials/certificates.js';
import { setParameters } from '../commands.js';
import type { TestContext } from '../context.js';
import type { Pair } from '../pair.js';
import { pskUser, writeCertificates, writePsk } from './tls-files.js';

/** Adds a credentials object and sets it as `tls-creds`. */
async function useCredentials(machine: Machine, id: string, object: JsonObject): Promise<void> {
  await machine.qmp.execute('object-add', { ...object, id });
  await setParameters(machine, { 'tls-creds': id });
}

/**
 * Whether the destination reads the file with Diffie-Hellman parameters. QEMU 11.1 calls it
 * deprecated, and is as fast without it; this status came in 11.0.
 */
const wantsDhParams = ({ plan }: TestContext): boolean =>
  !plan.destinationFeatures.statuses.includes('failing');

/**
 * Any cipher but ChaCha20, which GnuTLS prefers for pre-shared keys, and which takes five times as
 * much processor time as AES.
 */
const quickCiphers = 'NORMAL:-CHACHA20-POLY1305';

/** Sets a parameter of TLS to null, which must leave it empty. */
async function clear(machine: Machine, name: 'tls-creds' | 'tls-hostname'): Promise<void> {
  await machine.qmp.execute('migrate-set-parameters', { [name]: null });
  const { [name]: value } = await machine.qmp.execute('query-migrate-parameters');
  if (value === '') return;
  throw contractError(
    'parameter-not-set',
    `QEMU set ${name} to ${JSON.stringify(value)}, not to ''`,
    {
      side: machine.side,
      waitedFor: `${name} ''`,
      lastSeen: JSON.stringify(value),
    },
  );
}

/** Credentials, and then none: the migration must not be encrypted. */
export async function dropCredentials(pair: Pair): Promise<void> {
  await usePsk(pair);
  for (const machine of [pair.source, pair.destination]) await clear(machine, 'tls-creds');
}

/** No name of its own for the destination: the source must take that of the address. */
export async function dropHostname({ source, destination }: Pair): Promise<void> {
  for (const machine of [source, destination]) await clear(machine, 'tls-hostname');
}

export interface PskSetup {
  /** default: the same on both sides */
  readonly keys?: 'same' | 'different';
  /** which ciphers GnuTLS may choose; default: those that are fast on current processors */
  readonly ciphers?: 'usual' | 'quick' | { readonly priority: string };
  /** distinguishes the keys of several migrations of one guest; default: none */
  readonly tag?: string;
}

/** A pre-shared key on both sides: the same, or another one at the destination. */
export async function usePsk(pair: Pair, setup: PskSetup = {}): Promise<void> {
  const { context, source, destination } = pair;
  const { ciphers = 'quick', tag = '' } = setup;
  const directory = context.file(`psk${tag}`);
  const wantsDh = wantsDhParams(context);
  writePsk(directory, wantsDh);
  let other = directory;
  if (setup.keys === 'different') {
    other = context.file('psk-other');
    writePsk(other, wantsDh);
  }
  const priorities = { usual: undefined, quick: quickCiphers };
  const type = {
    'qom-type': 'tls-creds-psk',
    priority: typeof ciphers === 'string' ? priorities[ciphers] : ciphers.priority,
  };
  const id = `tlscredspsk0${tag}`;
  await useCredentials(source, id, {
    ...type,
    endpoint: 'client',
    dir: directory,
    username: pskUser,
  });
  await useCredentials(destination, id, { ...type, endpoint: 'server', dir: other });
}

/** the client name that the destination accepts, if it checks names */
const friendlyClient = 'Drover client';
const hostileClient = 'Drover hostile client';

export interface CertificateSetup extends Pick<CertificateRequest, 'host' | 'ip'> {
  /** the destination requests a client certificate and checks it */
  readonly verifyClient: boolean;
  /** which certificate the source has */
  readonly client: 'friendly' | 'hostile' | 'none';
  /** the destination accepts only the friendly client */
  readonly authorize?: boolean;
  /** which ciphers GnuTLS may choose; default: those that it prefers */
  readonly priority?: string | undefined;
  /** distinguishes the files of several migrations of one guest; default: none */
  readonly tag?: string;
}

const certificateFolder = ({ tag = '' }: CertificateSetup): string => `x509${tag}`;

/** Makes the files that `useCertificates` needs. */
export async function prepareCertificates(
  context: TestContext,
  setup: CertificateSetup,
): Promise<void> {
  const { host, ip, client } = setup;
  const names = { friendly: friendlyClient, hostile: hostileClient, none: undefined };
  const files = await context.certificates({ host, ip, client: names[client] }, context.signal);
  const wantsDh = wantsDhParams(context);
  writeCertificates(context.file(certificateFolder(setup)), files, wantsDh);
}

/** Certificates on both sides. With a `host`, the source expects that name (`tls-hostname`). */
export async function useCertificates(pair: Pair, setup: CertificateSetup): Promise<void> {
  const { context, source, destination } = pair;
  const { host, authorize, priority, tag = '' } = setup;
  const dir = context.file(certificateFolder(setup));
  const type = { 'qom-type': 'tls-creds-x509', dir, 'sanity-check': true, priority };
  await useCredentials(source, `tlscredsx509client0${tag}`, {
    ...type,
    endpoint: 'client',
    'verify-peer': true,
  });
  if (host !== undefined) await setParameters(source, { 'tls-hostname': host });
  await useCredentials(destination, `tlscredsx509server0${tag}`, {
    ...type,
    endpoint: 'server',
    'verify-peer': setup.verifyClient,
  });
  if (authorize !== true) return;
  await destination.qmp.execute('object-add', {
    'qom-type': 'authz-simple',
    id: 'tlsauthz0',
    identity: `CN=${friendlyClient}`,
  });
  await setParameters(destination, { 'tls-authz': 'tlsauthz0' });
}
