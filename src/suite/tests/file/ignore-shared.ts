/** Migration between two QEMUs that map the same memory: the pages stay where they are. */
import { HarnessError } from '../../../model/errors.js';
import type { MigrationFigures } from '../../../model/outcome.js';
import type { TestContext } from '../../../migration/context.js';
import { startPair } from '../../../migration/pair.js';
import { waitGuest } from '../../../migration/steps.js';
import type { FlowResult } from '../../../migration/migration.js';
import { plantMarker, waitMarker } from '../../../migration/waits.js';

/** devices, and what memory there is beside the shared; bytes */
const transferredLimit = 4 * 1024 * 1024;

export async function ignoreShared(context: TestContext): Promise<FlowResult> {
  const socket = 'unix:$DIR/migsocket';
  const pair = await startPair(context, {
    listen: socket,
    connect: socket,
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
  // the same memory: there at once
  await waitMarker(destination);
  // nothing is left to send, so it ends although it may not take longer than a millisecond
  await migration.until('completed');
  await migration.untilEvent('STOP');
  requireLittleSent(migration.figures);
  return await migration.arrive();
}

/** Memory that both sides map must not have been sent. */
export function requireLittleSent(figures: MigrationFigures): void {
  const { transferredBytes } = figures;
  if (transferredBytes === undefined || transferredBytes >= transferredLimit) {
    throw new HarnessError({
      code: 'too-much-sent',
      blame: 'contract',
      message: `the source sent ${transferredBytes ?? 'an unknown number of'} bytes although all of the guest's memory is shared`,
      side: 'source',
      waitedFor: `less than ${transferredLimit} bytes`,
      lastSeen: JSON.stringify(figures),
    });
  }
}
