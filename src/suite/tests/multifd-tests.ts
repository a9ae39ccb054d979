/** Several connections for memory (multifd), over TCP without encryption. */
import { migrateIncoming, setCapability, setParameters } from '../../migration/commands.js';
import type { Pair } from '../../migration/pair.js';
import { precopyTest } from '../definition.js';
import type { TestDefinition } from '../definition.js';
import {
  needsCapability,
  needsChannels,
  needsCompression,
  needsLockedMemory,
  needsMultifd,
  needsMultifdCompression,
  needsMultifdWithPostcopy,
  needsUserfaultfd,
  needsValue,
} from '../needs.js';

type Hook = (pair: Pair) => Promise<void>;

/** Sets parameters on the source, then on the destination. */
export async function setOnBoth(
  { source, destination }: Pair,
  values: Readonly<Record<string, string | number | boolean>>,
): Promise<void> {
  await setParameters(source, values);
  await setParameters(destination, values);
}

/** Sets the compression method on both sides and lets the destination listen. */
export async function listenWithCompression(pair: Pair, method: string): Promise<void> {
  const { patience, signal } = pair.context;
  await setOnBoth(pair, { 'multifd-compression': method });
  await migrateIncoming(pair.destination, { uri: 'tcp:127.0.0.1:0' }, patience.eventMs, signal);
}

function compressBy(method: string, level?: number): Hook {
  return async (pair) => {
    if (level !== undefined) {
      // not read back: 7.2 takes a level and goes on with its own
      const values = { [`multifd-${method}-level`]: level };
      await pair.source.qmp.execute('migrate-set-parameters', values);
      await pair.destination.qmp.execute('migrate-set-parameters', values);
    }
    await listenWithCompression(pair, method);
  };
}

/** Only the source looks for zero pages. */
function detectZeroPages(mode: string): Hook {
  return async (pair) => {
    await listenWithCompression(pair, 'none');
    await setParameters(pair.source, { 'zero-page-detection': mode });
  };
}

const plain = { listen: 'defer', capabilities: ['multifd'], usualMs: 500 } as const;
const basic = [needsMultifd, needsMultifdCompression] as const;

const zeroPageModes = [
  { mode: 'legacy' },
  { mode: 'none' },
  // QEMU's default, which upstream leaves to the other tests
  { mode: 'multifd', origin: 'drover' },
] as const;

/** with the release of each, and the level that tests set */
const methods = [
  { method: 'zlib', since: '5.0', level: 2, smoke: true },
  { method: 'zstd', since: '5.0', level: 2, smoke: false },
  { method: 'qatzip', since: '9.2', level: 2, smoke: false },
  { method: 'qpl', since: '9.1', level: undefined, smoke: false },
  { method: 'uadk', since: '9.1', level: undefined, smoke: false },
] as const;

export const multifdTests: readonly TestDefinition[] = [
  precopyTest({
    path: '/migration/multifd/tcp/uri/plain/none',
    level: 'smoke',
    needs: basic,
    ...plain,
    startHook: compressBy('none'),
    live: true,
  }),
  precopyTest({
    path: '/migration/multifd/tcp/channels/plain/none',
    level: 'full',
    needs: [...basic, needsChannels],
    ...plain,
    connectBy: 'channels',
    startHook: compressBy('none'),
    live: true,
  }),
  ...zeroPageModes.map(({ mode, ...origin }) =>
    precopyTest({
      ...origin,
      path: `/migration/multifd/tcp/plain/zero-page/${mode}`,
      level: 'full',
      needs: [...basic, needsValue('zero-page-detection', mode, '9.0')],
      ...plain,
      startHook: detectZeroPages(mode),
      live: true,
    }),
  ),
  ...methods.map(({ method, since, level, smoke }) =>
    precopyTest({
      path: `/migration/multifd/tcp/plain/${method}`,
      level: smoke ? 'smoke' : 'full',
      needs: [needsMultifd, needsCompression(method, since)],
      ...plain,
      startHook: compressBy(method, level),
    }),
  ),
  precopyTest({
    path: '/migration/multifd+postcopy/tcp/plain/zstd',
    level: 'full',
    needs: [
      needsUserfaultfd,
      needsMultifd,
      needsMultifdWithPostcopy,
      needsCompression('zstd', '5.0'),
    ],
    ...plain,
    capabilities: ['postcopy-ram', 'multifd'],
    startHook: compressBy('zstd', 2),
  }),
  precopyTest({
    path: '/migration/multifd/tcp/zero-copy-send',
    level: 'full',
    origin: 'drover',
    needs: [needsMultifd, needsCapability('zero-copy-send', '7.1'), needsLockedMemory],
    ...plain,
    startHook: async (pair) => {
      await listenWithCompression(pair, 'none');
      await setCapability(pair.source, 'zero-copy-send');
    },
    live: true,
    usualMs: 700,
  }),
];
