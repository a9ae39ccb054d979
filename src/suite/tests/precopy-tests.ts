/**
 * Precopy over sockets, exec and vsock, and with each kind of memory, without compression or
 * encryption.
 */
import { randomInt } from 'node:crypto';
import { dirtyRing } from '../../migration/host/dirty-rate.js';
import { precopy } from '../../migration/flows/precopy.js';
import { requireAck } from './switchover-ack.js';
import { switchoverBandwidth } from './switchover-bandwidth.js';
import { byteStamps, migrationTest, precopyTest } from '../definition.js';
import type { TestDefinition } from '../definition.js';
import { needsOf, suspendArches } from '../needs.js';
import { unixSocket } from './unix-socket.js';

const anyTcpPort = 'tcp:127.0.0.1:0';

const memoryKinds = ['memfd', 'shmem', 'hugetlb'] as const;

export const precopyTests: readonly TestDefinition[] = [
  precopyTest({
    path: '/migration/precopy/unix/plain',
    level: 'smoke',
    ...unixSocket,
    live: true,
  }),
  precopyTest({
    path: '/migration/precopy/tcp/plain',
    level: 'smoke',
    listen: anyTcpPort,
  }),
  precopyTest({
    path: '/migration/precopy/tcp/plain/guest-memfd',
    level: 'full',
    listen: anyTcpPort,
    memory: 'guest-memfd',
    accel: 'kvm',
  }),
  precopyTest({
    path: '/migration/precopy/tcp/plain/switchover-ack',
    level: 'full',
    listen: anyTcpPort,
    // the second is refused without the first
    capabilities: ['return-path', 'switchover-ack'],
    wire: 'withheld',
    live: true,
    liveHook: requireAck,
  }),
  precopyTest({
    path: '/migration/precopy/unix/suspend/live',
    level: 'smoke',
    arches: suspendArches,
    ...unixSocket,
    live: true,
    suspend: true,
    guest: byteStamps,
  }),
  precopyTest({
    path: '/migration/precopy/unix/suspend/notlive',
    level: 'smoke',
    arches: suspendArches,
    ...unixSocket,
    suspend: true,
    guest: byteStamps,
  }),
  precopyTest({
    path: '/migration/dirty_ring',
    level: 'full',
    arches: ['x86_64'],
    ...unixSocket,
    ...dirtyRing,
    live: true,
  }),
  // Upstream runs it only with --full. It takes a quarter of a second and is the only smoke test
  // that expects a failure.
  precopyTest({
    path: '/migration/bad_dest',
    level: 'smoke',
    listen: anyTcpPort,
    // the source connects to port 0, where nothing can listen
    connect: anyTcpPort,
    expect: { kind: 'fails', throughActive: false, destination: 'alive' },
  }),
  precopyTest({
    path: '/migration/precopy/exec/plain',
    level: 'full',
    origin: 'drover',
    // the side that starts second finds the pipe
    listen: 'exec:mkfifo pipe; exec cat pipe',
    connect: 'exec:until [ -p pipe ]; do sleep 0.01; done; exec cat > pipe',
    live: true,
  }),
  migrationTest({
    path: '/migration/precopy/vsock/plain',
    level: 'full',
    origin: 'drover',
    needs: needsOf({ listen: 'vsock:1' }),
    // 1 is this host itself; nothing reports which ports are free, so take a random one
    run: async (context) =>
      await precopy(context, { listen: `vsock:1:${randomInt(2 ** 16, 2 ** 30)}`, live: true }),
  }),
  ...memoryKinds.map((memory) =>
    precopyTest({
      path: `/migration/precopy/unix/memory/${memory}`,
      level: 'full',
      origin: 'drover',
      ...unixSocket,
      memory,
      live: true,
    }),
  ),
  precopyTest({
    path: '/migration/precopy/unix/late-block-activate',
    level: 'full',
    origin: 'drover',
    ...unixSocket,
    capabilities: ['late-block-activate'],
    live: true,
  }),
  migrationTest({
    path: '/migration/precopy/unix/switchover-bandwidth',
    level: 'full',
    origin: 'drover',
    needs: needsOf({ parameters: { 'avail-switchover-bandwidth': 0 } }),
    run: switchoverBandwidth,
  }),
];
