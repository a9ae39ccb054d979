/** Postcopy, with and without recovery from a broken connection, over one channel and several. */
import type { Recovery } from '../../migration/flows/postcopy-recovery.js';
import { reliablePreempt } from '../../migration/preempt.js';
import { usePsk } from '../../migration/tls/tls-credentials.js';
import type { Need } from '../../model/features.js';
import { byteStamps, postcopyTest } from '../definition.js';
import type { Level, TestDefinition } from '../definition.js';
import { needsTls, suspendArches } from '../needs.js';
import { requireReleased } from './release-ram.js';

const needsRecoverSetup: Need = { kind: 'status', name: 'postcopy-recover-setup', since: '9.1' };

/** 7.2 allows both capabilities, but its destination crashes or hangs. */
export const needsMultifdThenPostcopy: Need = {
  kind: 'behaviour',
  what: 'postcopy after multifd',
  witness: 'postcopy-latency',
  since: '10.1',
};

interface Row {
  readonly path: string;
  readonly level?: Level;
  readonly preempt?: true;
  readonly multifd?: true;
  readonly psk?: true;
  readonly suspend?: true;
  readonly recovery?: Recovery;
}

const rows: readonly Row[] = [
  { path: 'postcopy/plain', level: 'smoke' },
  { path: 'postcopy/preempt/plain', level: 'smoke', preempt: true },
  { path: 'postcopy/recovery/plain', level: 'smoke', recovery: 'once' },
  { path: 'postcopy/preempt/recovery/plain', preempt: true, recovery: 'once' },
  { path: 'postcopy/recovery/double-failures/handshake', recovery: 'handshake' },
  { path: 'postcopy/recovery/double-failures/reconnect', recovery: 'reconnect' },
  { path: 'postcopy/suspend', suspend: true },
  { path: 'postcopy/tls/psk', psk: true },
  { path: 'postcopy/recovery/tls/psk', psk: true, recovery: 'once' },
  { path: 'postcopy/preempt/tls/psk', preempt: true, psk: true },
  { path: 'postcopy/preempt/recovery/tls/psk', preempt: true, psk: true, recovery: 'once' },
  { path: 'multifd+postcopy/plain', multifd: true },
  { path: 'multifd+postcopy/preempt/plain', multifd: true, preempt: true },
  {
    path: 'multifd+postcopy/preempt/recovery/plain',
    multifd: true,
    preempt: true,
    recovery: 'once',
  },
  { path: 'multifd+postcopy/recovery/tls/psk', multifd: true, psk: true, recovery: 'once' },
  {
    path: 'multifd+postcopy/preempt/recovery/tls/psk',
    multifd: true,
    preempt: true,
    psk: true,
    recovery: 'once',
  },
];

function needsOf(row: Row): Need[] {
  return [
    ...(row.multifd ? [needsMultifdThenPostcopy] : []),
    ...(row.psk ? [needsTls] : []),
    ...(row.preempt ? [reliablePreempt] : []),
    ...(row.recovery === 'handshake' || row.recovery === 'reconnect' ? [needsRecoverSetup] : []),
  ];
}

export const postcopyTests: readonly TestDefinition[] = [
  ...rows.map((row) =>
    postcopyTest({
      path: `/migration/${row.path}`,
      level: row.level ?? 'full',
      guest: row.suspend ? byteStamps : undefined,
      needs: needsOf(row),
      // in this order: preempt is refused without postcopy
      capabilities: [
        ...(row.multifd ? ['multifd'] : []),
        ...(row.preempt ? ['postcopy-preempt'] : []),
      ],
      suspend: row.suspend,
      arches: row.suspend && suspendArches,
      recovery: row.recovery,
      startHook: row.psk && usePsk,
      wire: row.psk ? 'tls' : row.preempt && 'plain',
    }),
  ),
  postcopyTest({
    path: '/migration/postcopy/release-ram',
    level: 'full',
    origin: 'drover',
    capabilities: ['release-ram'],
    endHook: requireReleased,
  }),
];
