/** Migration modes. Checkpoint and restart (CPR): the guest's memory stays in place while QEMU is exchanged. */
import { figuresOf, setParameters } from '../../../migration/commands.js';
import { requireLittleSent } from '../file/ignore-shared.js';
import { cprExec } from './cpr-exec.js';
import { cprTransfer } from './cpr-transfer.js';
import { fileTest, migrationTest, precopyTest } from '../../definition.js';
import type { TestDefinition } from '../../definition.js';
import { needsCapability, needsFileTransport, needsSharedMemory, needsValue } from '../../needs.js';

export const cprTests: readonly TestDefinition[] = [
  fileTest({
    path: '/migration/mode/reboot',
    level: 'flaky',
    needs: [
      needsFileTransport,
      needsCapability('x-ignore-shared', '4.0'),
      needsValue('mode', 'cpr-reboot', '8.2'),
      needsSharedMemory,
    ],
    connect: 'file:$DIR/migfile',
    // really shared: upstream means it, and uses private memory all the same
    memory: 'shmem',
    capabilities: ['x-ignore-shared'],
    startHook: async ({ source, destination }) => {
      await setParameters(source, { mode: 'cpr-reboot' });
      await setParameters(destination, { mode: 'cpr-reboot' });
    },
    endHook: async ({ source }) => {
      requireLittleSent(figuresOf(await source.qmp.execute('query-migrate')));
    },
    usualMs: 500,
  }),
  precopyTest({
    path: '/migration/mode/normal',
    level: 'full',
    origin: 'drover',
    needs: [needsValue('mode', 'cpr-reboot', '8.2')],
    listen: 'unix:$DIR/migsocket',
    connect: 'unix:$DIR/migsocket',
    // back from another mode, which must leave nothing behind
    startHook: async ({ source, destination }) => {
      for (const mode of ['cpr-reboot', 'normal']) {
        for (const machine of [source, destination]) await setParameters(machine, { mode });
      }
    },
    live: true,
    usualMs: 700,
  }),
  ...[false, true].map((defer) =>
    migrationTest({
      path: `/migration/mode/transfer${defer ? '/defer' : ''}`,
      level: 'full',
      needs: [needsValue('mode', 'cpr-transfer', '10.0')],
      run: async (context) => await cprTransfer(context, { defer }),
      usualMs: 500,
    }),
  ),
  migrationTest({
    path: '/migration/mode/exec',
    level: 'full',
    needs: [needsValue('mode', 'cpr-exec', '10.2')],
    run: cprExec,
    usualMs: 500,
  }),
];
