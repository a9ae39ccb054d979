/**
 * Migration over descriptors handed to QEMU: a pair of connected sockets, and a file opened twice.
 */
import { constants } from 'node:fs';
import { migrateIncoming } from '../../migration/commands.js';
import {
  SocketPair,
  nameFile,
  requireClosed,
  requireNameGone,
} from '../../migration/descriptors.js';
import type { Pair } from '../../migration/pair.js';
import type { Side } from '../../model/outcome.js';
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

/** what each side has open for the migration */
type OpenFiles = Readonly<Record<Side, string>>;
const openFilesOf = new WeakMap<Pair, OpenFiles>();

async function requireUsedUp(pair: Pair): Promise<void> {
  const files = openFilesOf.get(pair);
  for (const machine of [pair.source, pair.destination]) {
    await requireNameGone(machine, name);
    if (files !== undefined) await requireClosed(machine, files[machine.side]);
  }
}

export const fdTests: readonly TestDefinition[] = [
  precopyTest({
    // a pair of UNIX sockets, whatever the name says
    path: '/migration/precopy/fd/tcp',
    level: 'full',
    listen: 'defer',
    connect,
    startHook: async (pair) => {
      const { source, destination } = pair;
      using sockets = new SocketPair();
      openFilesOf.set(pair, { destination: sockets.name(0), source: sockets.name(1) });
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
    startHook: async (pair) => {
      const { context, source, destination } = pair;
      const file = context.file('migfile');
      openFilesOf.set(pair, { source: file, destination: file });
      const flags = constants.O_CREAT | constants.O_RDWR;
      // opened twice: each side has its own position
      await nameFile(destination, name, file, flags);
      await nameFile(source, name, file, flags);
    },
    endHook: requireUsedUp,
  }),
];
