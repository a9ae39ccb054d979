/**
 * The precopy flow: both QEMUs run at the same time and the source sends to the destination.
 * Upstream's flow P; its waits have deadlines, and read events and memory instead of sleeping.
 */
import { contractError } from '../../model/errors.js';
import { pause } from '../../model/deadline.js';
import type { TestContext } from '../context.js';
import type { Hooks, MigrateCommon } from '../migrate-common.js';
import type { Expectation } from '../pair-settings.js';
import type { FlowResult, Migration } from '../migration.js';
import { outlivesErrors, startPair } from '../pair.js';
import type { Pair } from '../pair.js';
import { expectRefusal, prepareLive, prepareStopped, waitGuest } from '../steps.js';
import { prepareSteady, settle } from './steady.js';
import { trickleUntilTracked, waitDirtyTracking } from '../tracking.js';
import { endBoth, requireRunning } from '../verify.js';
import { waitByteChange, waitIterations, waitMarker } from '../waits.js';

/**
 * QEMU measures its bandwidth for the first time after 100 ms; a first iteration that is over
 * before ends the migration.
 */
const unmeasuredMs = 120;

/** while memory is sent */
type LiveHook = (signal: AbortSignal) => Promise<void>;

export async function precopy(context: TestContext, settings: MigrateCommon): Promise<FlowResult> {
  const expect = settings.expect ?? { kind: 'completes' };
  await settings.prepareHook?.(context);
  const pair = await startPair(context, settings);
  await settings.startHook?.(pair);
  if (expect.kind !== 'completes') return await expectFailure(pair, expect, settings.endHook);

  context.observer.phase('warm-up');
  await waitGuest(pair);
  if (settings.steady === true) await prepareSteady(pair);
  else await (settings.live === true ? prepareLive(pair) : prepareStopped(pair));

  context.observer.phase('migrate');
  const migration = await pair.migrate();
  if (settings.steady === true) await settle(migration);
  else if (settings.live === true) {
    await finishLive(migration, async (signal) => settings.liveHook?.(pair, signal));
  } else {
    await migration.until('completed');
    // QEMU forgets a `cont` that comes before the destination has loaded everything
    await migration.until('completed', { side: 'destination' });
    await migration.compareAndContinue();
  }
  return await migration.arrive({ endHook: () => settings.endHook?.(pair) });
}

/**
 * A live migration proves something only if the guest dirtied memory that was sent, and QEMU sent
 * it again. QEMU sends memory in ascending order: once the marker has arrived, the pages below it
 * have been sent; if the guest then writes to one of them, another iteration is certain. Only then
 * may the migration converge.
 */
export async function finishLive(migration: Migration, liveHook?: LiveHook): Promise<void> {
  await proveLive(migration, liveHook);
  await trickleUntilTracked(migration);
  await migration.pair.ensureConverge();
  await migration.until('completed');
  await migration.untilEvent('STOP');
}

/** Waits until the guest has dirtied memory that was sent. */
export async function proveLive(migration: Migration, liveHook?: LiveHook): Promise<void> {
  const { pair } = migration;
  const { context, settings, source, destination } = pair;
  await migration.whileActive(async (signal) => {
    await waitMarker(destination, signal);
    // A suspended guest writes nothing: for it the marker alone shows that data flows.
    if (settings.suspend === true) return;
    await waitByteChange(source, context.platform.watchAddress, signal);
    if (settings.capabilities?.includes('multifd') === true) migration.requireConnections();
    const { iterations } = settings;
    if (iterations !== undefined) {
      await waitDirtyTracking(pair, signal);
      await pause(unmeasuredMs, signal);
      await pair.sendFaster();
      await waitIterations(source, { iterations, since: migration.since.source, signal });
      // QEMU 7.2 may miss what the guest writes during a short iteration, and would take memory for
      // clean (tracking.ts).
      if (liveHook !== undefined) await pair.ensureNonConverge();
    }
    await liveHook?.(signal);
  });
}

/** statuses before `failed` of a migration that sent nothing; `failing` exists from QEMU 11.1 on */
const waysToFailure = ['setup', 'failing'] as const;

/** The migration is refused or fails; the guest runs on at the source. */
async function expectFailure(
  pair: Pair,
  expect: Exclude<Expectation, { kind: 'completes' }>,
  endHook: Hooks['endHook'],
): Promise<FlowResult> {
  const { context, source } = pair;
  context.observer.phase('migrate');
  let failure: Migration | undefined;
  if (expect.kind === 'refused') {
    await expectRefusal(pair);
  } else {
    const migration = await pair.migrate();
    failure = migration;
    const through = [...waysToFailure, ...(expect.throughActive ? ['active'] : [])];
    await migration.untilSoon(
      'failed',
      (facts) =>
        contractError('wrong-status', 'the migration goes on, and should have failed', {
          ...facts,
          side: 'source',
        }),
      { through },
    );
    await requireRunning(source, true);
  }
  await endHook?.(pair);
  const fatal = expect.kind === 'fails' && expect.destination === 'exits';
  const outlives = outlivesErrors(context, pair.settings);
  if (fatal && outlives) await failure?.until('failed', { side: 'destination' });
  await endBoth(pair, fatal && !outlives ? 1 : 0);
  return {};
}
