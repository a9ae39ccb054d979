/**
 * The file flow: the source writes the migration to a file, and only when it has finished does the
 * destination read it. Upstream's flow F; the two sides never overlap.
 */
import { figuresOf, migrate, migrateIncoming, setParameters } from '../commands.js';
import type { TestContext } from '../context.js';
import type { MigrateCommon } from '../migrate-common.js';
import type { Expectation } from '../pair-settings.js';
import { startPair } from '../pair.js';
import { arrive, endBoth, expectRefusal, prepareStopped, waitGuest } from '../steps.js';
import type { FlowResult } from '../steps.js';
import { releaseTracked, trickleRate } from '../tracking.js';
import { waitStatus } from '../waits.js';

/** What a file test says: it has one place, and either completes or is refused at once. */
export type FileCommon = Omit<MigrateCommon, 'listen' | 'channels' | 'expect'> & {
  readonly connect: string;
  readonly expect?: Exclude<Expectation, { readonly kind: 'fails' }>;
};

/**
 * `live` decides whether the guest runs while its memory is written. The migration is held back then, until the guest has
 * come round a few times, and goes on at full speed.
 */
export async function fileMigration(context: TestContext, common: FileCommon): Promise<FlowResult> {
  await common.prepareHook?.(context);
  const pair = await startPair(context, { ...common, listen: 'defer' });
  const { source, destination } = pair;
  await common.startHook?.(pair);

  context.observer.phase('warm-up');
  await waitGuest(pair);
  await (common.live === true ? setParameters(source, trickleRate) : prepareStopped(pair));

  context.observer.phase('migrate');
  if (common.expect?.kind === 'refused') {
    await expectRefusal(pair);
    await common.endHook?.(pair);
    await endBoth(pair);
    return {};
  }
  const target = { uri: pair.expand(common.connect) };
  const since = await migrate(source, target);
  if (common.live === true) await releaseTracked(pair, since);
  const answer = await waitStatus(context, source, { goal: 'completed', since });

  const destinationSince = destination.qmp.events.cursor;
  await migrateIncoming(destination, target, context.patience.eventMs, context.signal);
  await waitStatus(context, destination, { goal: 'completed', since: destinationSince });
  if (common.live !== true) await destination.qmp.execute('cont');
  return await arrive(pair, destinationSince, figuresOf(answer), common.endHook);
}
