/**
 * Live migrations whose content is decided by all of their iterations: losses that a guest in a
 * hurry would write over.
 */
import type { Need } from '../../model/features.js';
import type { StampKind } from '../../model/stamps.js';
import { fastGuest, steadyGuest } from '../../migration/flows/steady.js';
import type { MigrateCommon } from '../../migration/migrate-common.js';
import { fileTest, postcopyTest, precopyTest } from '../definition.js';
import type { TestDefinition, TestFacts } from '../definition.js';
import { portArches } from '../needs.js';
import { needsMultifdThenPostcopy } from './postcopy-tests.js';
import { unixSocket } from './unix-socket.js';

const MiB = 1024 ** 2;
/**
 * 7.2 notices a write to a page that the guest writes all the time only after the guest has flushed its TLB, once in a
 * pass (docs/explanation/found-in-qemu.md). 8.0 was not tried.
 */
export const tracksEachSync: Need = {
  kind: 'behaviour',
  what: 'dirty tracking that marks the TLB at each sync',
  witness: 'switchover-ack',
  since: '8.1',
};
const needs: readonly Need[] = [tracksEachSync];
const facts = { level: 'full', origin: 'drover', steady: true, needs } as const;
const multifd = { incoming: 'tcp:127.0.0.1:0', capabilities: ['multifd'] } as const;

function steady(
  path: string,
  settings: MigrateCommon & Pick<TestFacts, 'arches' | 'guest'>,
  stamp: StampKind = 'page',
): TestDefinition {
  const guest = steadyGuest(stamp);
  return precopyTest({ ...facts, live: true, path, guest, ...settings });
}

export const iterationsTests: readonly TestDefinition[] = [
  steady('/migration/precopy/unix/iterations', unixSocket),
  steady('/migration/precopy/unix/iterations/fast', { ...unixSocket, guest: fastGuest }),
  steady(
    '/migration/precopy/unix/xbzrle/iterations',
    {
      ...unixSocket,
      // QEMU goes on until Drover lets the destination acknowledge
      wire: 'withheld',
      capabilities: ['return-path', 'switchover-ack', 'xbzrle'],
      sourceParameters: { 'xbzrle-cache-size': 32 * MiB },
      // with stamps of this kind the guests of other architectures flush their TLB too rarely
      // (migration/tracking.ts)
      arches: portArches,
    },
    // a delta between two whole stamps would be longer than the page
    'byte',
  ),
  ...['none', 'legacy', 'multifd'].map((mode) =>
    steady(`/migration/multifd/tcp/plain/iterations/zero-page/${mode}`, {
      ...multifd,
      sourceParameters: { 'zero-page-detection': mode },
    }),
  ),
  steady('/migration/multifd/tcp/plain/iterations/zstd', {
    ...multifd,
    parameters: { 'multifd-compression': 'zstd' },
  }),
  fileTest({
    ...facts,
    live: true,
    path: '/migration/precopy/file/mapped-ram/iterations',
    connect: 'file:$DIR/migfile',
    capabilities: ['mapped-ram'],
    guest: steadyGuest('page'),
  }),
  postcopyTest({ ...facts, path: '/migration/postcopy/iterations', guest: steadyGuest('page') }),
  postcopyTest({
    ...facts,
    path: '/migration/multifd+postcopy/iterations',
    needs: [...needs, needsMultifdThenPostcopy],
    capabilities: ['multifd'],
    wire: 'plain',
    guest: steadyGuest('page'),
  }),
];
