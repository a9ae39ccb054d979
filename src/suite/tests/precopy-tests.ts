/** Precopy over UNIX and TCP sockets, without compression or encryption. */
import { dirtyRing } from '../../migration/host/dirty-rate.js';
import { precopyTest } from '../definition.js';
import type { TestDefinition } from '../definition.js';
import { needsCapability, needsDirtyRing, needsSuspendedGuest, suspendArches } from '../needs.js';

const unixSocket = {
  listen: 'unix:$DIR/migsocket',
  connect: 'unix:$DIR/migsocket',
} as const;

const anyTcpPort = 'tcp:127.0.0.1:0';

export const precopyTests: readonly TestDefinition[] = [
  precopyTest({
    path: '/migration/precopy/unix/plain',
    level: 'smoke',
    ...unixSocket,
    live: true,
    usualMs: 700,
  }),
  precopyTest({
    path: '/migration/precopy/tcp/plain',
    level: 'smoke',
    listen: anyTcpPort,
    usualMs: 500,
  }),
  precopyTest({
    path: '/migration/precopy/tcp/plain/switchover-ack',
    level: 'full',
    needs: [needsCapability('return-path', '2.10'), needsCapability('switchover-ack', '8.1')],
    listen: anyTcpPort,
    // the second is refused without the first
    capabilities: ['return-path', 'switchover-ack'],
    live: true,
    usualMs: 600,
  }),
  precopyTest({
    path: '/migration/precopy/unix/suspend/live',
    level: 'smoke',
    arches: suspendArches,
    needs: [needsSuspendedGuest],
    ...unixSocket,
    live: true,
    suspend: true,
    usualMs: 700,
  }),
  precopyTest({
    path: '/migration/precopy/unix/suspend/notlive',
    level: 'smoke',
    arches: suspendArches,
    needs: [needsSuspendedGuest],
    ...unixSocket,
    suspend: true,
    usualMs: 600,
  }),
  precopyTest({
    path: '/migration/dirty_ring',
    level: 'full',
    arches: ['x86_64'],
    needs: [needsDirtyRing],
    ...unixSocket,
    ...dirtyRing,
    live: true,
    usualMs: 1500,
  }),
  // Upstream runs it only with --full; it costs a quarter of a second and is the one test here that
  // expects a failure, so it belongs to the first look at a QEMU.
  precopyTest({
    path: '/migration/bad_dest',
    level: 'smoke',
    listen: anyTcpPort,
    // port 0 is taken literally: nobody can listen there
    connect: anyTcpPort,
    expect: { kind: 'fails', throughActive: false, destination: 'alive' },
    usualMs: 250,
  }),
];
