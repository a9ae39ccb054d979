/**
 * The file flow: the source writes the migration to a file, and only when it has finished does the
 * destination read it. Upstream's flow F; the two sides never overlap.
 */
import { figuresOf, migrate, migrateIncoming } from './commands.js';
import type { TestContext } from './context.js';
import type { MigrateCommon } from './migrate-common.js';
import { requireRunning, startPair } from './pair.js';
import { expectRefusal, prepareStopped, waitGuest } from './precopy.js';
import type { FlowResult } from './precopy.js';
import { endMachines, verifyMemory } from './verify.js';
import { waitEvent, waitStatus } from './waits.js';

/** `live` decides whether the guest runs while its memory is written. */
export async function fileMigration(
  context: TestContext,
  common: Omit<MigrateCommon, 'listen'> & { readonly connect: string },
): Promise<FlowResult> {
  const pair = await startPair(context, { ...common, listen: 'defer' });
  const { source, destination } = pair;
  await common.startHook?.(pair);

  context.observer.phase('warm-up');
  await waitGuest(pair);
  await (common.live === true ? pair.release() : prepareStopped(pair));

  context.observer.phase('migrate');
  if (common.expect?.kind === 'refused') {
    await expectRefusal(pair);
    await common.endHook?.(pair);
    await endMachines(context, [
      { machine: source, status: 0 },
      { machine: destination, status: 0 },
    ]);
    return {};
  }
  const target = { uri: pair.expand(common.connect) };
  const since = await migrate(source, target);
  const answer = await waitStatus(context, source, { goal: 'completed', since });

  const destinationSince = destination.qmp.events.cursor;
  await migrateIncoming(destination, target, context.patience.eventMs, context.signal);
  await waitStatus(context, destination, { goal: 'completed', since: destinationSince });
  if (common.live !== true) await destination.qmp.execute('cont');
  await waitEvent(context, destination, 'RESUME', destinationSince);
  await destination.serial.waitForB({
    timeoutMs: context.patience.serialMs,
    signal: context.signal,
  });
  await requireRunning(source, false);
  await common.endHook?.(pair);

  context.observer.phase('verify');
  const verdict = await verifyMemory(context, destination);
  await endMachines(context, [
    { machine: source, status: 0 },
    { machine: destination, status: 0 },
  ]);
  return { verdict, figures: figuresOf(answer) };
}
