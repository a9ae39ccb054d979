/** Encrypted migration: pre-shared keys and certificates, matching and not, over one connection and several. */
import type { Hooks } from '../../migration/migrate-common.js';
import type { Expectation } from '../../migration/pair-settings.js';
import {
  prepareCertificates,
  useCertificates,
  usePsk,
} from '../../migration/tls/tls-credentials.js';
import type { CertificateSetup, PskSetup } from '../../migration/tls/tls-credentials.js';
import { precopyTest } from '../definition.js';
import type { TestDefinition } from '../definition.js';
import { needsTls } from '../needs.js';

type Credentials = Pick<Hooks, 'prepareHook' | 'startHook'>;

const ip = '127.0.0.1';
const strict = { verifyClient: true, client: 'friendly' } as const;
const lax = { verifyClient: false, client: 'none' } as const;

/** What each name stands for: who has which certificate, and who looks at it. */
const setups = {
  'default-host': { ...strict, ip },
  'override-host': { ...strict, host: 'qemu.org' },
  'mismatch-host': { ...strict, ip: '10.0.0.1' },
  'friendly-client': { ...strict, ip, authorize: true },
  'hostile-client': { ...strict, ip, client: 'hostile', authorize: true },
  'allow-anon-client': { ...lax, ip },
  'reject-anon-client': { ...strict, ip, client: 'none' },
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

/** Refused at the handshake, or by the destination while the source already sends: both sides go on. */
const bothGoOn: Expectation = { kind: 'fails', throughActive: true, destination: 'alive' };
/** The source does not trust the destination and closes the connection; the destination ends. */
const destinationGivesUp: Expectation = {
  kind: 'fails',
  throughActive: false,
  destination: 'exits',
};

const tcp = { listen: 'tcp:127.0.0.1:0' } as const;
const unix = { listen: 'unix:$DIR/migsocket', connect: 'unix:$DIR/migsocket' } as const;
const common = { level: 'full', needs: [needsTls] } as const;

const single: readonly TestDefinition[] = [
  precopyTest({
    ...common,
    path: '/migration/precopy/tcp/tls/psk/match',
    level: 'smoke',
    ...tcp,
    // this row with the cipher that QEMU takes when it is not told
    ...psk({ ciphers: 'usual' }),
  }),
  precopyTest({
    ...common,
    path: '/migration/precopy/tcp/tls/psk/mismatch',
    ...tcp,
    ...differentPsk,
    expect: bothGoOn,
  }),
  precopyTest({
    ...common,
    path: '/migration/precopy/unix/tls/psk',
    ...unix,
    ...matchingPsk,
  }),
  precopyTest({
    ...common,
    // a socket file gives no host name that the certificate could be for
    path: '/migration/precopy/unix/tls/x509/default-host',
    ...unix,
    ...certificates('default-host'),
    expect: destinationGivesUp,
  }),
  precopyTest({
    ...common,
    path: '/migration/precopy/unix/tls/x509/override-host',
    ...unix,
    ...certificates('override-host'),
  }),
  ...(['default-host', 'override-host', 'friendly-client', 'allow-anon-client'] as const).map(
    (name) =>
      precopyTest({
        ...common,
        path: `/migration/precopy/tcp/tls/x509/${name}`,
        ...tcp,
        ...certificates(name),
      }),
  ),
  precopyTest({
    ...common,
    path: '/migration/precopy/tcp/tls/x509/mismatch-host',
    ...tcp,
    ...certificates('mismatch-host'),
    expect: destinationGivesUp,
  }),
  ...(['hostile-client', 'reject-anon-client'] as const).map((name) =>
    precopyTest({
      ...common,
      path: `/migration/precopy/tcp/tls/x509/${name}`,
      ...tcp,
      ...certificates(name),
      expect: bothGoOn,
    }),
  ),
];

const multifd = {
  ...common,
  // credentials come later, by the hook: QEMU looks at them when somebody connects
  incoming: 'tcp:127.0.0.1:0',
  capabilities: ['multifd'],
  parameters: { 'multifd-compression': 'none' },
} as const;

const several: readonly TestDefinition[] = [
  precopyTest({
    ...multifd,
    path: '/migration/multifd/tcp/tls/psk/match',
    ...matchingPsk,
  }),
  precopyTest({
    ...multifd,
    path: '/migration/multifd/tcp/tls/psk/mismatch',
    ...differentPsk,
    expect: bothGoOn,
  }),
  ...(['default-host', 'override-host', 'allow-anon-client'] as const).map((name) =>
    precopyTest({
      ...multifd,
      path: `/migration/multifd/tcp/tls/x509/${name}`,
      ...certificates(name),
    }),
  ),
  ...(['mismatch-host', 'reject-anon-client'] as const).map((name) =>
    precopyTest({
      ...multifd,
      path: `/migration/multifd/tcp/tls/x509/${name}`,
      ...certificates(name),
      // the destination still waits for the other channels, and has not begun to load
      expect: bothGoOn,
    }),
  ),
  precopyTest({
    ...multifd,
    path: '/migration/multifd+postcopy/tcp/tls/psk/match',
    capabilities: ['postcopy-ram', 'multifd'],
    ...matchingPsk,
  }),
];

export const tlsTests: readonly TestDefinition[] = [...single, ...several];
