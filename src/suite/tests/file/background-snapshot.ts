/**
 * A snapshot in the background: memory as it was when the migration began goes to a file, while the guest goes on at
 * the source and never has to be caught up with. The destination restores it from the file.
 */
import { figuresOf, migrate, migrateIncoming } from '../../../migration/commands.js';
import type { TestContext } from '../../../migration/context.js';
import { requireRunning, startPair } from '../../../migration/pair.js';
import { endBoth, waitGuest } from '../../../migration/steps.js';
import type { FlowResult } from '../../../migration/steps.js';
import { verifyMemory } from '../../../migration/verify.js';
import { waitByteChange, waitEvent, waitStatus } from '../../../migration/waits.js';

export async function backgroundSnapshot(context: TestContext): Promise<FlowResult> {
  const target = { uri: `file:${context.file('migfile')}` };
  const pair = await startPair(context, { listen: 'defer' });
  const { source, destination } = pair;
  // The capability is the source's alone: what it writes is an ordinary migration.
  await source.qmp.execute('migrate-set-capabilities', {
    capabilities: [{ capability: 'background-snapshot', state: true }],
  });

  context.observer.phase('warm-up');
  await waitGuest(pair);

  context.observer.phase('migrate');
  const since = await migrate(source, target);
  const answer = await waitStatus(context, source, { goal: 'completed', since });
  // The guest has not been moved: it goes on where it is, and is whole there.
  await requireRunning(source, true);
  await waitByteChange(context, source, context.platform.watchAddress);

  const destinationSince = destination.qmp.events.cursor;
  await migrateIncoming(destination, target, context.patience.eventMs, context.signal);
  await waitStatus(context, destination, { goal: 'completed', since: destinationSince });
  await waitEvent(context, destination, 'RESUME', destinationSince);
  const figures = figuresOf(answer);

  context.observer.phase('verify');
  for (const machine of [source, destination]) {
    const verdict = await verifyMemory(context, machine);
    if (!verdict.intact || machine === destination) {
      if (verdict.intact) await endBoth(pair);
      return { verdict, figures };
    }
  }
  return { figures };
}
