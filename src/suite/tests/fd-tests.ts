/**
 * Migration over descriptors handed to QEMU: a pair of connected sockets, and a file opened twice.
 */
import { constants } from 'node:fs';
import { migrateIncoming } from '../../migration/commands.js';
import { SocketPair, nameFile, requireNameGone } from '../../migration/descriptors.js';
import type { Pair } from '../../migration/pair.js';
import type { Need } from '../../model/features.js';
import { fileTest, precopyTest } from '../definition.js';
import type { TestDefinition } from '../definition.js';

const name = 'fd-mig';
const connect = `fd:${name}`;

const needsFdToFile: Need = {
  kind: 'former',
  what: 'fd: migration to a file',
  witness: 'failing',
  before: '11',
};

async function requireUsedUp({ source, destination }: Pair): Promise<void> {
  await requireNameGone(source, name);
  await requireNameGone(destination, name);
}

export const fdTests: readonly TestDefinition[] = [
  precopyTest({
    // a pair of UNIX sockets, whatever the name says
    path: '/migration/precopy/fd/tcp',
    level: 'full',
    listen: 'defer',
    connect,
    startHook: async ({ source, destination }) => {
      using sockets = new SocketPair();
      await sockets.give(destination, name, 0);
      await migrateIncoming(destination, { uri: connect });
      await sockets.give(source, name, 1);
    },
    endHook: requireUsedUp,
  }),
  fileTest({
    path: '/migration/precopy/fd/file',
    level: 'full',
    needs: [needsFdToFile],
    connect,
    startHook: async ({ context, source, destination }) => {
      const file = context.file('migfile');
      const flags = constants.O_CREAT | constants.O_RDWR;
      // opened twice: each side has its own position
      await nameFile(destination, name, file, flags);
      await nameFile(source, name, file, flags);
    },
    endHook: requireUsedUp,
  }),
];
