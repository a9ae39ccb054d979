import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unmet } from './features.js';
import type { Need, QemuFeatures } from './features.js';

const qemu: QemuFeatures = {
  version: '9.9',
  package: '',
  machines: [],
  accelerators: [],
  capabilities: ['multifd'],
  parameters: ['mode'],
  commands: { migrate: ['uri'] },
  transports: ['socket'],
  socketTypes: [],
  channelTypes: [],
  compressions: ['zlib'],
  parameterValues: { mode: ['normal'] },
  statuses: ['setup', 'active'],
  migrationFigures: [],
  devices: ['virtio-rng-pci'],
  properties: { 'memory-backend-memfd': ['seal'] },
  refusedTogether: {},
  tlsObstacle: '',
};

const met: readonly Need[] = [
  { kind: 'capability', name: 'multifd', since: '4.0' },
  { kind: 'parameter', name: 'mode', since: '8.2' },
  { kind: 'transport', name: 'socket', since: '0.1' },
  { kind: 'compression', name: 'zlib', since: '5.0' },
  { kind: 'argument', command: 'migrate', name: 'uri', since: '0.14' },
  { kind: 'property', object: 'memory-backend-memfd', name: 'seal', since: '2.12' },
  { kind: 'behaviour', what: 'anything', witness: 'multifd', since: '4.0' },
];
const lacking: readonly (readonly [Need, RegExp])[] = [
  [
    { kind: 'capability', name: 'mapped-ram', since: '9.0' },
    /^QEMU 9\.9 has no capability mapped-ram \(needs 9\.0\)$/,
  ],
  [{ kind: 'parameter', name: 'direct-io', since: '9.1' }, /no migration parameter direct-io/],
  [{ kind: 'transport', name: 'file', since: '8.2' }, /no file: migration/],
  [{ kind: 'compression', name: 'zstd', since: '5.0' }, /no multifd compression zstd/],
  [
    { kind: 'argument', command: 'migrate', name: 'channels', since: '8.2' },
    /no argument channels of migrate/,
  ],
  [
    { kind: 'property', object: 'memory-backend-memfd', name: 'guest-memfd', since: '11.2' },
    /^QEMU 9\.9 has no property guest-memfd of memory-backend-memfd \(needs 11\.2\)$/,
  ],
  [
    { kind: 'behaviour', what: 'flying', witness: 'wings', since: '99' },
    /^QEMU 9\.9 has no flying \(needs 99\)$/,
  ],
];

test('what a QEMU has meets a need', () => {
  for (const need of met) assert.equal(unmet(need, qemu), undefined);
});

test('what it lacks is named with the release that brought it', () => {
  for (const [need, reason] of lacking) assert.match(unmet(need, qemu) ?? '', reason);
});
