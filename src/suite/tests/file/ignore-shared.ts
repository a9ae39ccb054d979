/** Migration between two QEMUs that map the same memory: the pages stay where they are. */
import { contractError } from '../../../model/errors.js';
import type { MigrationFigures } from '../../../model/outcome.js';
import type { TestContext } from '../../../migration/context.js';
import { startPair } from '../../../migration/pair.js';
import { waitGuest } from '../../../migration/steps.js';
import type { FlowResult } from '../../../migration/migration.js';
import { plantMarker, waitMarker } from '../../../migration/waits.js';
import { unixSocket } from '../unix-socket.js';

/** devices and private memory, bytes */
const transferredLimit = 4 * 1024 * 1024;

export async function ignoreShared(context: TestContext): Promise<FlowResult> {
  const pair = await startPair(context, {
    ...unixSocket,
    memory: 'shmem',
    capabilities: ['x-ignore-shared'],
  });
  const { source, destination } = pair;
  await pair.ensureNonConverge();
  await plantMarker(source);

  context.observer.phase('warm-up');
  await waitGuest(pair);

  context.observer.phase('migrate');
  const migration = await pair.migrate();
  // both sides map the same memory
  await waitMarker(destination);
  // nothing is left to send, so it completes within a downtime limit of a millisecond
  await migration.until('completed');
  await migration.untilEvent('STOP');
  requireLittleSent(migration.figures);
  return await migration.arrive();
}

/** QEMU must not have sent memory that both sides map. */
export function requireLittleSent(figures: MigrationFigures): void {
  const { transferredBytes } = figures;
  if (transferredBytes === undefined || transferredBytes >= transferredLimit) {
    throw contractError(
      'too-much-sent',
      `the source sent ${transferredBytes ?? 'an unknown number of'} bytes although all of the guest's memory is shared`,
      {
        side: 'source',
        waitedFor: `less than ${transferredLimit} bytes`,
        lastSeen: JSON.stringify(figures),
      },
    );
  }
}
