/**
 * Devices whose state migrates with the guest: what they wrote, block bitmaps, announcements,
 * memory of their own.
 */
import { announceGuest } from './announce.js';
import { deviceWrites } from './device-writes.js';
import { dirtyBitmaps } from './dirty-bitmaps.js';
import { twoRamblocks } from './two-ramblocks.js';
import { writingDevices } from './writing-devices.js';
import { migrationTest } from '../../definition.js';
import type { TestDefinition } from '../../definition.js';
import { needsOf, portArches } from '../../needs.js';

const common = { level: 'full', origin: 'drover' } as const;

export const deviceTests: readonly TestDefinition[] = [
  migrationTest({
    ...common,
    path: '/migration/precopy/tcp/two-ramblocks',
    needs: needsOf({ sourceArgs: ['-device', 'pc-dimm'] }),
    run: async (context) => await twoRamblocks(context),
  }),
  migrationTest({
    ...common,
    path: '/migration/precopy/tcp/announce',
    needs: needsOf({ parameters: { 'announce-rounds': 1 }, sourceArgs: ['-device', 'e1000'] }),
    run: announceGuest,
  }),
  migrationTest({
    ...common,
    path: '/migration/precopy/tcp/dirty-bitmaps',
    needs: needsOf({ capabilities: ['dirty-bitmaps'] }),
    run: async (context) => await dirtyBitmaps(context),
  }),
  migrationTest({
    ...common,
    path: '/migration/precopy/tcp/dirty-bitmaps/renamed',
    needs: [
      ...needsOf({ capabilities: ['dirty-bitmaps'] }),
      { kind: 'parameter', name: 'block-bitmap-mapping', since: '5.2' },
    ],
    run: async (context) => await dirtyBitmaps(context, { renamed: true }),
  }),
  ...writingDevices.map((kind) =>
    migrationTest({
      ...common,
      path: `/migration/precopy/tcp/device-writes/${kind.name}`,
      arches: portArches,
      needs: needsOf({ sourceArgs: ['-device', kind.model] }),
      run: async (context) => await deviceWrites(context, kind),
    }),
  ),
];
