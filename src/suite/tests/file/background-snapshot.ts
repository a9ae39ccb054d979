/**
 * A background snapshot: QEMU writes memory as it was at the start of the migration to a file,
 * while the guest runs on at the source. The destination restores it from the file.
 */
import { Cancelled } from '../../../model/deadline.js';
import { setCapability } from '../../../migration/commands.js';
import type { TestContext } from '../../../migration/context.js';
import { noEffect } from '../../../migration/effects.js';
import { startPair } from '../../../migration/pair.js';
import { waitGuest } from '../../../migration/steps.js';
import type { FlowResult, Migration } from '../../../migration/migration.js';
import { endBoth, requireRunning, verifyMemory } from '../../../migration/verify.js';
import { waitByteChange } from '../../../migration/waits.js';

export async function backgroundSnapshot(context: TestContext): Promise<FlowResult> {
  const target = { uri: `file:${context.file('migfile')}` };
  const pair = await startPair(context, { listen: 'defer' });
  const { source, destination } = pair;
  // Only the source needs the capability: the file is an ordinary migration.
  await setCapability(source, 'background-snapshot');

  context.observer.phase('warm-up');
  await waitGuest(pair);

  context.observer.phase('migrate');
  const migration = await pair.migrate(target);
  await completeInOnePass(migration);
  // The guest has not migrated: it runs on at the source, with its memory intact.
  await requireRunning(source, true);
  await waitByteChange(source, context.platform.watchAddress);

  await pair.listen(target);
  await migration.until('completed', { side: 'destination' });
  await migration.untilEvent('RESUME', 'destination');
  const { figures } = migration;

  context.observer.phase('verify');
  for (const machine of [source, destination]) {
    const verdict = await verifyMemory(machine);
    if (!verdict.intact || machine === destination) {
      if (verdict.intact) await endBoth(pair);
      return { verdict, figures };
    }
  }
  return { figures };
}

/** An ordinary migration sends again what the guest writes, and would not end. */
async function completeInOnePass(migration: Migration): Promise<void> {
  const { source, context } = migration.pair;
  const over = new AbortController();
  const again = source.qmp.events
    .wait(({ name, data }) => name === 'MIGRATION_PASS' && Number(data['pass']) > 1, {
      what: 'a second iteration',
      since: migration.since.source,
      timeoutMs: context.deadlines.statusMs,
      signal: AbortSignal.any([context.signal, over.signal]),
    })
    .then(({ data }) => {
      const seen = `iteration ${Number(data['pass'])}`;
      throw noEffect('capability background-snapshot', 'each page sent once', seen);
    });
  try {
    await Promise.race([migration.until('completed'), again]);
  } finally {
    over.abort(new Cancelled());
    await Promise.allSettled([again]);
  }
}
