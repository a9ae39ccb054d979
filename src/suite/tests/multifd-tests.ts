/** Several connections for memory (multifd), over TCP without encryption. */
import type { Need } from '../../model/features.js';
import { precopyTest } from '../definition.js';
import type { TestDefinition } from '../definition.js';

const common = {
  incoming: 'tcp:127.0.0.1:0',
  capabilities: ['multifd'],
} as const;
const plain = { ...common, parameters: { 'multifd-compression': 'none' } } as const;

const zeroPageModes = [
  { mode: 'legacy' },
  { mode: 'none' },
  // QEMU's default, which upstream's other tests cover
  { mode: 'multifd', origin: 'drover' },
] as const;

/** 7.2 accepts a level, does not report it, and compresses with its own. 8.0 was not tried. */
const needsAppliedLevel: Need = {
  kind: 'behaviour',
  what: 'compression levels of multifd that are applied',
  witness: 'switchover-ack',
  since: '8.1',
};

/** with the compression level */
const methods = [
  { method: 'zlib', level: { 'multifd-zlib-level': 2 }, smoke: true },
  { method: 'zstd', level: { 'multifd-zstd-level': 2 }, smoke: false },
  { method: 'qatzip', level: { 'multifd-qatzip-level': 2 }, smoke: false },
  { method: 'qpl', level: {}, smoke: false },
  { method: 'uadk', level: {}, smoke: false },
] as const;

export const multifdTests: readonly TestDefinition[] = [
  precopyTest({
    path: '/migration/multifd/tcp/uri/plain/none',
    level: 'smoke',
    ...plain,
    live: true,
  }),
  precopyTest({
    path: '/migration/multifd/tcp/channels/plain/none',
    level: 'full',
    ...plain,
    connectBy: 'channels',
    live: true,
  }),
  ...zeroPageModes.map(({ mode, ...origin }) =>
    precopyTest({
      ...origin,
      path: `/migration/multifd/tcp/plain/zero-page/${mode}`,
      level: 'full',
      ...plain,
      // only the source looks for zero pages
      sourceParameters: { 'zero-page-detection': mode },
      live: true,
    }),
  ),
  ...methods.map(({ method, level, smoke }) =>
    precopyTest({
      path: `/migration/multifd/tcp/plain/${method}`,
      level: smoke ? 'smoke' : 'full',
      ...common,
      wire: 'plain',
      parameters: { 'multifd-compression': method, ...level },
    }),
  ),
  precopyTest({
    path: '/migration/multifd/tcp/plain/zlib-level-0',
    level: 'full',
    origin: 'drover',
    ...common,
    wire: 'plain',
    needs: [needsAppliedLevel],
    // zlib then stores what it is given
    parameters: { 'multifd-compression': 'zlib', 'multifd-zlib-level': 0 },
  }),
  precopyTest({
    path: '/migration/multifd+postcopy/tcp/plain/zstd',
    level: 'full',
    ...common,
    wire: 'plain',
    capabilities: ['postcopy-ram', 'multifd'],
    parameters: { 'multifd-compression': 'zstd', 'multifd-zstd-level': 2 },
  }),
  precopyTest({
    path: '/migration/multifd/tcp/zero-copy-send',
    level: 'full',
    origin: 'drover',
    ...plain,
    sourceCapabilities: ['zero-copy-send'],
    live: true,
  }),
];
