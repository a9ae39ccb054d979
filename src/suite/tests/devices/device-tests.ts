/** Devices whose state migrates with the guest: what they wrote, block bitmaps, announcements, memory of their own. */
import { announceGuest } from './announce.js';
import { deviceWrites } from './device-writes.js';
import { dirtyBitmaps } from './dirty-bitmaps.js';
import { twoRamblocks } from './two-ramblocks.js';
import { writingDevices } from './writing-devices.js';
import { migrationTest } from '../../definition.js';
import type { TestDefinition } from '../../definition.js';
import { needsCapability, needsParameter, portArches } from '../../needs.js';

const common = { level: 'full', origin: 'drover' } as const;

export const deviceTests: readonly TestDefinition[] = [
  migrationTest({
    ...common,
    path: '/migration/precopy/tcp/two-ramblocks',
    needs: [{ kind: 'device', name: 'pc-dimm', since: '2.1' }],
    run: async (context) => await twoRamblocks(context),
    usualMs: 900,
  }),
  migrationTest({
    ...common,
    path: '/migration/precopy/tcp/announce',
    needs: [
      needsParameter('announce-rounds', '4.0'),
      { kind: 'device', name: 'e1000', since: '0.10' },
    ],
    run: announceGuest,
    usualMs: 900,
  }),
  migrationTest({
    ...common,
    path: '/migration/precopy/tcp/dirty-bitmaps',
    needs: [needsCapability('dirty-bitmaps', '3.0')],
    run: async (context) => await dirtyBitmaps(context),
    usualMs: 700,
  }),
  migrationTest({
    ...common,
    path: '/migration/precopy/tcp/dirty-bitmaps/renamed',
    needs: [needsCapability('dirty-bitmaps', '3.0'), needsParameter('block-bitmap-mapping', '5.2')],
    run: async (context) => await dirtyBitmaps(context, { renamed: true }),
    usualMs: 700,
  }),
  ...writingDevices.map((kind) =>
    migrationTest({
      ...common,
      path: `/migration/precopy/tcp/device-writes/${kind.name}`,
      arches: portArches,
      needs: [{ kind: 'device', name: kind.model, since: kind.since }],
      run: async (context) => await deviceWrites(context, kind),
      usualMs: 1500,
    }),
  ),
];
