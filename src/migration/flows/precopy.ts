/**
 * The precopy flow: both sides are there at the same time and the source sends to the destination.
 * Upstream's flow P, with waits that have deadlines and look at events and memory instead of sleeping.
 */
import { pause } from '../../model/deadline.js';
import type { MigrationFigures } from '../../model/outcome.js';
import type { EventCursor } from '../../qmp/events.js';
import { figuresOf, migrate } from '../commands.js';
import type { TestContext } from '../context.js';
import type { Hooks, MigrateCommon } from '../migrate-common.js';
import type { Expectation } from '../pair-settings.js';
import { requireRunning, startPair } from '../pair.js';
import type { Pair } from '../pair.js';
import { arrive, expectRefusal, prepareLive, prepareStopped, waitGuest } from '../steps.js';
import type { FlowResult } from '../steps.js';
import { holdTracked, waitTracked } from '../tracking.js';
import { endMachines } from '../verify.js';
import {
  waitByteChange,
  waitEvent,
  waitMarker,
  waitPass,
  waitStatus,
  whileMigrating,
} from '../waits.js';

/** QEMU measures its bandwidth for the first time after 100 ms; a first pass that is over before ends the migration. */
const unmeasuredMs = 120;

export async function precopy(context: TestContext, common: MigrateCommon): Promise<FlowResult> {
  const expect = common.expect ?? { kind: 'completes' };
  await common.prepareHook?.(context);
  const pair = await startPair(context, common);
  await common.startHook?.(pair);
  if (expect.kind !== 'completes') return await expectFailure(pair, expect, common.endHook);

  context.observer.phase('warm-up');
  await waitGuest(pair);
  await (common.live === true ? prepareLive(pair) : prepareStopped(pair));

  context.observer.phase('migrate');
  const { source, destination } = pair;
  const destinationSince = destination.qmp.events.cursor;
  const since = await migrate(source, await pair.target());
  const figures =
    common.live === true
      ? await finishLive(pair, since, common.meanwhile)
      : await finishStopped(pair, since, destinationSince);
  return await arrive(pair, destinationSince, figures, common.endHook);
}

/**
 * A live migration counts only when memory was dirtied after it was sent, and sent again. Memory goes
 * out in ascending order: once the marker has arrived, the pages below it have been sent; when the
 * guest then writes to one of them, another pass is certain. Only then may the migration converge.
 */
export async function finishLive(
  pair: Pair,
  since: EventCursor,
  meanwhile?: Hooks['meanwhile'],
): Promise<MigrationFigures> {
  const { context, source } = pair;
  await proveLive(pair, since, meanwhile);
  await holdTracked(pair, since);
  await pair.release();
  const answer = await waitStatus(context, source, { goal: 'completed', since });
  await waitEvent(context, source, 'STOP', since);
  return figuresOf(answer);
}

/** Waits until it counts. */
export async function proveLive(
  pair: Pair,
  since: EventCursor,
  meanwhile?: Hooks['meanwhile'],
): Promise<void> {
  const { context, source, destination } = pair;
  await whileMigrating(pair, context, since, async (signal) => {
    await waitMarker(context, destination, signal);
    // A suspended guest writes nothing: for it the marker alone shows that data flows.
    if (pair.common.suspend === true) return;
    await waitByteChange(context, source, context.platform.watchAddress, signal);
    const { passes } = pair.common;
    if (passes !== undefined) {
      await waitTracked(pair, signal);
      await pause(unmeasuredMs, signal);
      await pair.hurry();
      await waitPass(context, source, { passes, since, signal });
    }
    await meanwhile?.(pair, signal);
  });
}

async function finishStopped(
  pair: Pair,
  since: EventCursor,
  destinationSince: EventCursor,
): Promise<MigrationFigures> {
  const { context, source, destination } = pair;
  const answer = await waitStatus(context, source, { goal: 'completed', since });
  // `cont` before the destination has loaded everything would be forgotten
  await waitStatus(context, destination, { goal: 'completed', since: destinationSince });
  await destination.qmp.execute('cont');
  return figuresOf(answer);
}

/** what a migration may pass on its way to failed without having begun; `failing` is seen from QEMU 11.1 on */
const waysToFailure = ['setup', 'failing'] as const;

/** The guest goes on at the source, whatever became of the migration. */
async function expectFailure(
  pair: Pair,
  expect: Exclude<Expectation, { kind: 'completes' }>,
  endHook: Hooks['endHook'],
): Promise<FlowResult> {
  const { context, source, destination } = pair;
  context.observer.phase('migrate');
  if (expect.kind === 'refused') {
    await expectRefusal(pair);
  } else {
    const since = await migrate(source, await pair.target());
    const through = [...waysToFailure, ...(expect.throughActive ? ['active'] : [])];
    await waitStatus(context, source, { goal: 'failed', through, since });
    await requireRunning(source, true);
  }
  await endHook?.(pair);
  const exits = expect.kind === 'fails' && expect.destination === 'exits';
  await endMachines(context, [
    { machine: source, status: 0 },
    { machine: destination, status: exits ? 1 : 0 },
  ]);
  return {};
}
