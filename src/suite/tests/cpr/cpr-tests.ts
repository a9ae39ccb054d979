/**
 * Migration modes. Checkpoint and restart (CPR): the guest's memory stays in place while another
 * QEMU takes over.
 */
import { figuresOf, setParameters } from '../../../migration/commands.js';
import { requireLittleSent } from '../file/ignore-shared.js';
import { cprExec } from './cpr-exec.js';
import { cprTransfer } from './cpr-transfer.js';
import { fileTest, migrationTest, precopyTest } from '../../definition.js';
import type { TestDefinition } from '../../definition.js';
import { needsOf } from '../../needs.js';
import { unixSocket } from '../unix-socket.js';

export const cprTests: readonly TestDefinition[] = [
  fileTest({
    path: '/migration/mode/reboot',
    level: 'flaky',
    connect: 'file:$DIR/migfile',
    // upstream's test uses private memory here, against its intention
    memory: 'shmem',
    capabilities: ['x-ignore-shared'],
    parameters: { mode: 'cpr-reboot' },
    endHook: async ({ source }) => {
      requireLittleSent(figuresOf(await source.qmp.execute('query-migrate')));
    },
  }),
  precopyTest({
    path: '/migration/mode/normal',
    level: 'full',
    origin: 'drover',
    ...unixSocket,
    parameters: { mode: 'cpr-reboot' },
    // back from another mode, which must have no effect any more
    startHook: async ({ source, destination }) => {
      for (const machine of [source, destination]) await setParameters(machine, { mode: 'normal' });
    },
    live: true,
  }),
  ...[false, true].map((defer) =>
    migrationTest({
      path: `/migration/mode/transfer${defer ? '/defer' : ''}`,
      level: 'full',
      needs: needsOf({ parameters: { mode: 'cpr-transfer' } }),
      run: async (context) => await cprTransfer(context, { defer }),
    }),
  ),
  migrationTest({
    path: '/migration/mode/exec',
    level: 'full',
    needs: needsOf({ parameters: { mode: 'cpr-exec' } }),
    run: cprExec,
  }),
];
