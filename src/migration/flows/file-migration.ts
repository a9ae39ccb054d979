/**
 * The file flow: the source writes the migration to a file, and only when it has finished does the
 * destination read it. Upstream's flow F; the two sides never overlap.
 */
import * as v from 'valibot';
import { text } from '../../model/shapes.js';
import type { Fields } from '../../model/shapes.js';
import { countDirect } from '../../qemu/open-files.js';
import { setParameters } from '../commands.js';
import type { Target } from '../commands.js';
import type { TestContext } from '../context.js';
import { requireDirect } from '../effects.js';
import type { Hooks } from '../migrate-common.js';
import { completes, pairShape, refused } from '../pair-settings.js';
import { startPair } from '../pair.js';
import type { Pair } from '../pair.js';
import { expectRefusal, prepareStopped, waitGuest } from '../steps.js';
import type { FlowResult, Migration } from '../migration.js';
import { prepareSteady, settle } from './steady.js';
import { trickleRate, untilTracked } from '../tracking.js';
import { endBoth } from '../verify.js';

/** The data of a file test: it has one address, and either completes or is refused at once. */
export const fileEntries = {
  ...v.omit(pairShape, ['listen', 'incoming', 'channels']).entries,
  connect: text,
  expect: v.optional(v.variant('kind', [completes, refused])),
};
export type FileCommon = Fields<typeof fileEntries> & Hooks;

/**
 * `live` decides whether the guest runs while QEMU writes its memory. If so, the migration is slow
 * until the guest has passed over its memory a few times, and then runs at full speed.
 */
export async function fileMigration(
  context: TestContext,
  settings: FileCommon,
): Promise<FlowResult> {
  await settings.prepareHook?.(context);
  const pair = await startPair(context, { ...settings, listen: 'defer' });
  const { source } = pair;
  await settings.startHook?.(pair);

  context.observer.phase('warm-up');
  await waitGuest(pair);
  if (settings.steady === true) await prepareSteady(pair);
  else await (settings.live === true ? setParameters(source, trickleRate) : prepareStopped(pair));

  context.observer.phase('migrate');
  if (settings.expect?.kind === 'refused') {
    await expectRefusal(pair);
    await settings.endHook?.(pair);
    await endBoth(pair);
    return {};
  }
  const target = { uri: pair.expand(settings.connect) };
  const migration = usesDirectIo(settings)
    ? await migrateDirectly(pair, target)
    : await pair.migrate(target);
  if (settings.steady === true) await settle(migration);
  else if (settings.live === true) {
    await untilTracked(migration);
    await pair.ensureConverge();
  }
  if (settings.steady !== true) await migration.until('completed');
  await settings.writtenHook?.(pair);

  await pair.listen(target);
  await migration.until('completed', { side: 'destination' });
  if (settings.live !== true) await migration.compareAndContinue();
  return await migration.arrive({ endHook: () => settings.endHook?.(pair) });
}

/** The channels of multifd, of a guest that is sent once. */
function usesDirectIo({ capabilities, parameters, live }: FileCommon): boolean {
  const isMultifd = capabilities?.includes('multifd') === true;
  return isMultifd && live !== true && parameters?.['direct-io'] === true;
}

/** Sends little until QEMU was seen to have the file open for direct I/O. */
async function migrateDirectly(pair: Pair, target: Target): Promise<Migration> {
  const { settings, source } = pair;
  await setParameters(source, trickleRate);
  const before = countDirect(source.pid);
  const migration = await pair.migrate(target);
  await migration.until('active');
  requireDirect(settings, countDirect(source.pid) - before);
  await pair.ensureConverge();
  return migration;
}
