/**
 * Encrypted migration: pre-shared keys and certificates, matching and not, over one connection and
 * several.
 */
import type { Hooks, MigrateCommon } from '../../migration/migrate-common.js';
import type { Expectation } from '../../migration/pair-settings.js';
import {
  dropCredentials,
  dropHostname,
  prepareCertificates,
  useCertificates,
  usePsk,
} from '../../migration/tls/tls-credentials.js';
import type { CertificateSetup, PskSetup } from '../../migration/tls/tls-credentials.js';
import { precopyTest } from '../definition.js';
import type { Level, TestDefinition } from '../definition.js';
import { needsTls } from '../needs.js';
import { unixSocket } from './unix-socket.js';

type Credentials = Pick<Hooks, 'prepareHook' | 'startHook'>;

const ip = '127.0.0.1';
const strict = { verifyClient: true, client: 'friendly' } as const;
const lax = { verifyClient: false, client: 'none' } as const;

/** What each name means: which certificates there are, and which side checks them. */
const setups = {
  'default-host': { ...strict, ip },
  'override-host': { ...strict, host: 'qemu.org' },
  'mismatch-host': { ...strict, ip: '10.0.0.1' },
  'friendly-client': { ...strict, ip, authorize: true },
  'hostile-client': { ...strict, ip, client: 'hostile', authorize: true },
  'allow-anon-client': { ...lax, ip },
  'reject-anon-client': { ...strict, ip, client: 'none' },
  'no-hostname': { ...strict, authorize: true },
} as const satisfies Record<string, CertificateSetup>;

function psk(setup?: PskSetup): Credentials {
  return {
    startHook: async (pair) => {
      await usePsk(pair, setup);
    },
  };
}
const matchingPsk = psk();
const differentPsk = psk({ keys: 'different', ciphers: 'usual' });

function certificates(name: keyof typeof setups): Credentials {
  return {
    prepareHook: async (context) => {
      await prepareCertificates(context, setups[name]);
    },
    startHook: async (pair) => {
      await useCertificates(pair, setups[name]);
    },
  };
}

const withoutHostname: Credentials = {
  ...certificates('no-hostname'),
  startHook: async (pair) => {
    await useCertificates(pair, setups['no-hostname']);
    await dropHostname(pair);
  },
};

/**
 * The handshake fails, or the destination refuses while the source already sends: both sides run
 * on.
 */
const bothGoOn: Expectation = { kind: 'fails', throughActive: true, destination: 'alive' };
/** The source does not trust the destination and closes the connection; the destination ends. */
const destinationGivesUp: Expectation = {
  kind: 'fails',
  throughActive: false,
  destination: 'exits',
};

const tcp = { listen: 'tcp:127.0.0.1:0' } as const;
const multifd = {
  // the hook sets the credentials later: QEMU reads them when the source connects
  incoming: 'tcp:127.0.0.1:0',
  capabilities: ['multifd'],
  parameters: { 'multifd-compression': 'none' },
} as const;

function tlsTest(
  path: string,
  credentials: Credentials,
  more: Pick<MigrateCommon, 'expect' | 'capabilities'> & { readonly level?: Level } = {},
): TestDefinition {
  const single = path.startsWith('precopy/unix/') ? unixSocket : tcp;
  return precopyTest({
    path: `/migration/${path}`,
    level: 'full',
    needs: [needsTls],
    ...(path.startsWith('multifd') ? multifd : single),
    ...credentials,
    ...more,
    surviveErrors: path.startsWith('multifd') && more.expect !== undefined,
    // a handshake that fails looks like TLS as well
    wire: more.expect === undefined ? 'tls' : undefined,
  });
}

/** the last name of the path says which certificates */
function x509Test(
  path: string,
  name: keyof typeof setups,
  more: Pick<MigrateCommon, 'expect'> = {},
): TestDefinition {
  return tlsTest(`${path}/tls/x509/${name}`, certificates(name), more);
}

export const tlsTests: readonly TestDefinition[] = [
  // this row with QEMU's default cipher
  tlsTest('precopy/tcp/tls/psk/match', psk({ ciphers: 'usual' }), { level: 'smoke' }),
  tlsTest('precopy/tcp/tls/psk/mismatch', differentPsk, { expect: bothGoOn }),
  tlsTest('precopy/unix/tls/psk', matchingPsk),
  // a UNIX socket has no host name to check
  x509Test('precopy/unix', 'default-host', { expect: destinationGivesUp }),
  x509Test('precopy/unix', 'override-host'),
  x509Test('precopy/tcp', 'default-host'),
  x509Test('precopy/tcp', 'override-host'),
  x509Test('precopy/tcp', 'friendly-client'),
  x509Test('precopy/tcp', 'allow-anon-client'),
  x509Test('precopy/tcp', 'mismatch-host', { expect: destinationGivesUp }),
  x509Test('precopy/tcp', 'hostile-client', { expect: bothGoOn }),
  x509Test('precopy/tcp', 'reject-anon-client', { expect: bothGoOn }),

  precopyTest({
    path: '/migration/precopy/tcp/no-tls',
    level: 'full',
    needs: [needsTls],
    ...tcp,
    startHook: dropCredentials,
    wire: 'plain',
  }),
  // neither the certificate nor tls-hostname names the destination
  tlsTest('precopy/tcp/tls/no-hostname', withoutHostname, { expect: destinationGivesUp }),

  tlsTest('multifd/tcp/tls/psk/match', matchingPsk),
  tlsTest('multifd/tcp/tls/psk/mismatch', differentPsk, { expect: bothGoOn }),
  x509Test('multifd/tcp', 'default-host'),
  x509Test('multifd/tcp', 'override-host'),
  x509Test('multifd/tcp', 'allow-anon-client'),
  // the destination still waits for the other channels, and has not begun to load
  x509Test('multifd/tcp', 'mismatch-host', { expect: bothGoOn }),
  x509Test('multifd/tcp', 'reject-anon-client', { expect: bothGoOn }),
  tlsTest('multifd+postcopy/tcp/tls/psk/match', matchingPsk, {
    capabilities: ['postcopy-ram', 'multifd'],
  }),
];
