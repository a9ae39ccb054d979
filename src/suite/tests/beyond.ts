/** Migrations that upstream's program does not try. */
import { randomInt } from 'node:crypto';
import { setCapability, setParameters } from '../../migration/commands.js';
import { chain } from '../../migration/flows/chain.js';
import { announceGuest } from './devices/announce.js';
import { backgroundSnapshot } from './file/background-snapshot.js';
import { deviceWrites } from './devices/device-writes.js';
import { throttleEarly, waitThrottled } from './throttle/auto-converge.js';
import { switchoverBandwidth } from './switchover-bandwidth.js';
import { dirtyBitmaps } from './devices/dirty-bitmaps.js';
import type { TestContext } from '../../migration/context.js';
import { routeOf } from '../../migration/plan.js';
import { precopy } from '../../migration/flows/precopy.js';
import type { FlowResult } from '../../migration/steps.js';
import { twoRamblocks } from './devices/two-ramblocks.js';
import { writingDevices } from './devices/writing-devices.js';
import { migrationTest, postcopyTest, precopyTest } from '../definition.js';
import type { TestDefinition } from '../definition.js';
import { listenWithCompression } from './multifd-tests.js';
import {
  needsCapability,
  needsFileTransport,
  needsHugePages,
  needsLockedMemory,
  needsMultifd,
  needsParameter,
  needsSharedMemory,
  needsUserfaultfd,
  needsValue,
  needsVsock,
  portArches,
} from '../needs.js';

/** There and back, twice. */
export async function pingPong(context: TestContext): Promise<FlowResult> {
  const [here, there] = routeOf(context.plan);
  if (here === undefined || there === undefined) throw new Error('a route has two ends');
  const wish = { kind: 'stopped', listen: 'unix:$DIR/leg$LEG' } as const;
  return await chain(context, wish, [here, there, here, there, here]);
}

const unixSocket = {
  listen: 'unix:$DIR/migsocket',
  connect: 'unix:$DIR/migsocket',
  live: true,
} as const;

export const beyondTests: readonly TestDefinition[] = [
  precopyTest({
    path: '/migration/precopy/exec/plain',
    level: 'full',
    // whoever comes second finds the pipe
    listen: 'exec:mkfifo pipe; exec cat pipe',
    connect: 'exec:until [ -p pipe ]; do sleep 0.01; done; exec cat > pipe',
    live: true,
    usualMs: 700,
  }),
  migrationTest({
    path: '/migration/precopy/vsock/plain',
    level: 'full',
    needs: [needsVsock],
    // 1 is this host itself; no port is taken by anyone who can be asked, so a random one
    run: async (context) =>
      await precopy(context, { listen: `vsock:1:${randomInt(2 ** 16, 2 ** 30)}`, live: true }),
    usualMs: 700,
  }),
  precopyTest({
    path: '/migration/precopy/unix/memory/memfd',
    level: 'full',
    ...unixSocket,
    memory: 'memfd',
    usualMs: 700,
  }),
  precopyTest({
    path: '/migration/precopy/unix/memory/shmem',
    level: 'full',
    needs: [needsSharedMemory],
    ...unixSocket,
    memory: 'shmem',
    usualMs: 700,
  }),
  precopyTest({
    path: '/migration/precopy/unix/memory/hugetlb',
    level: 'full',
    needs: [needsHugePages],
    ...unixSocket,
    memory: 'hugetlb',
    usualMs: 700,
  }),
  migrationTest({
    path: '/migration/precopy/tcp/two-ramblocks',
    level: 'full',
    needs: [{ kind: 'device', name: 'pc-dimm', since: '2.1' }],
    run: async (context) => await twoRamblocks(context),
    usualMs: 900,
  }),
  precopyTest({
    path: '/migration/precopy/unix/late-block-activate',
    level: 'full',
    needs: [needsCapability('late-block-activate', '3.0')],
    ...unixSocket,
    capabilities: ['late-block-activate'],
    usualMs: 700,
  }),
  migrationTest({
    path: '/migration/precopy/tcp/announce',
    level: 'full',
    needs: [
      needsParameter('announce-rounds', '4.0'),
      { kind: 'device', name: 'e1000', since: '0.10' },
    ],
    run: announceGuest,
    usualMs: 900,
  }),
  migrationTest({
    path: '/migration/precopy/tcp/dirty-bitmaps',
    level: 'full',
    needs: [needsCapability('dirty-bitmaps', '3.0')],
    run: async (context) => await dirtyBitmaps(context),
    usualMs: 700,
  }),
  migrationTest({
    path: '/migration/precopy/tcp/dirty-bitmaps/renamed',
    level: 'full',
    needs: [needsCapability('dirty-bitmaps', '3.0'), needsParameter('block-bitmap-mapping', '5.2')],
    run: async (context) => await dirtyBitmaps(context, { renamed: true }),
    usualMs: 700,
  }),
  migrationTest({
    path: '/migration/precopy/unix/switchover-bandwidth',
    level: 'full',
    needs: [needsParameter('avail-switchover-bandwidth', '8.2')],
    run: switchoverBandwidth,
    usualMs: 1800,
  }),
  precopyTest({
    path: '/migration/mode/normal',
    level: 'full',
    needs: [needsValue('mode', 'cpr-reboot', '8.2')],
    ...unixSocket,
    // back from another mode, which must leave nothing behind
    startHook: async ({ source, destination }) => {
      for (const mode of ['cpr-reboot', 'normal']) {
        for (const machine of [source, destination]) await setParameters(machine, { mode });
      }
    },
    usualMs: 700,
  }),
  precopyTest({
    path: '/migration/auto_converge/tailslow',
    level: 'thorough',
    needs: [
      needsCapability('auto-converge', '1.6'),
      needsParameter('throttle-trigger-threshold', '5.0'),
      needsParameter('cpu-throttle-tailslow', '5.1'),
    ],
    ...unixSocket,
    capabilities: ['auto-converge'],
    sourceParameters: throttleEarly,
    meanwhile: waitThrottled,
    usualMs: 4000,
  }),
  precopyTest({
    path: '/migration/multifd/tcp/zero-copy-send',
    level: 'full',
    needs: [needsMultifd, needsCapability('zero-copy-send', '7.1'), needsLockedMemory],
    listen: 'defer',
    capabilities: ['multifd'],
    live: true,
    startHook: async (pair) => {
      await listenWithCompression(pair, 'none');
      await setCapability(pair.source, 'zero-copy-send');
    },
    usualMs: 700,
  }),
  ...writingDevices.map((kind) =>
    migrationTest({
      path: `/migration/precopy/tcp/device-writes/${kind.name}`,
      level: 'full',
      arches: portArches,
      needs: [{ kind: 'device', name: kind.model, since: kind.since }],
      run: async (context) => await deviceWrites(context, kind),
      usualMs: 1500,
    }),
  ),
  postcopyTest({
    path: '/migration/postcopy/release-ram',
    level: 'full',
    needs: [needsUserfaultfd, needsCapability('release-ram', '2.9')],
    capabilities: ['release-ram'],
    usualMs: 700,
  }),
  migrationTest({
    path: '/migration/background-snapshot/file',
    level: 'full',
    needs: [needsFileTransport, needsCapability('background-snapshot', '6.0'), needsUserfaultfd],
    run: backgroundSnapshot,
    usualMs: 900,
  }),
  migrationTest({
    path: '/migration/ping-pong/unix',
    level: 'full',
    run: pingPong,
    usualMs: 1200,
  }),
];
