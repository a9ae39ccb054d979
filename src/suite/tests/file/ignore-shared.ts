/** Migration between two QEMUs that map the same memory: the pages stay where they are. */
import { mainBlockName } from '../../../model/command-line.js';
import { contractError } from '../../../model/errors.js';
import type { MigrationFigures } from '../../../model/outcome.js';
import { openImage } from '../../../memory/image.js';
import type { TestContext } from '../../../migration/context.js';
import { startPair } from '../../../migration/pair.js';
import type { Pair } from '../../../migration/pair.js';
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

/** A file of pages at fixed places must have none for memory that both sides map, and be whole. */
export async function requireElsewhere({ context }: Pair): Promise<void> {
  using image = await openImage([context.file('migfile')], {}, { signal: context.signal });
  const main = image.blocks.find(({ name }) => name === mainBlockName);
  const { completeness } = image.report ?? {};
  if (main?.contentElsewhere === true && completeness === 'complete') return;
  throw contractError(
    'too-much-sent',
    main?.contentElsewhere === true
      ? 'the migration file is not complete'
      : "the migration file has places for the guest's memory, although all of it is shared",
    {
      side: 'source',
      waitedFor: `a complete file in which the content of ${mainBlockName} is elsewhere`,
      lastSeen: JSON.stringify({ completeness, main }),
    },
  );
}
