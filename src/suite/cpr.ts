/** Checkpoint and restart (CPR): the guest's memory stays in place while QEMU is exchanged. */
import { figuresOf, setParameters } from '../migration/commands.js';
import { requireLittleSent } from '../migration/ignore-shared.js';
import { fileTest } from './definition.js';
import type { TestDefinition } from './definition.js';
import { needsCapability, needsFileTransport, needsSharedMemory, needsValue } from './needs.js';

export const cprTests: readonly TestDefinition[] = [
  fileTest({
    path: '/migration/mode/reboot',
    level: 'quarantine',
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
];
