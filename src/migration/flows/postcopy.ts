/**
 * The postcopy flow: the guest runs at the destination while part of its memory is still at the
 * source; QEMU fetches a page when the guest touches it. Upstream's flows PC and, with recovery
 * from broken connections, PR.
 */
import * as v from 'valibot';
import { Cancelled, pause } from '../../model/deadline.js';
import { contractError } from '../../model/errors.js';
import { asObject } from '../../model/json.js';
import type { JsonObject } from '../../model/json.js';
import type { Fields } from '../../model/shapes.js';
import { setParameters } from '../commands.js';
import type { TestContext } from '../context.js';
import type { Hooks } from '../migrate-common.js';
import { pairShape } from '../pair-settings.js';
import { startPair } from '../pair.js';
import type { Pair } from '../pair.js';
import { recover, recoveries } from './postcopy-recovery.js';
import type { Recovery } from './postcopy-recovery.js';
import { waitGuest } from '../steps.js';
import type { FlowResult, Migration } from '../migration.js';
import { prepareSteady, settleByPostcopy } from './steady.js';
import { trickleUntilTracked } from '../tracking.js';
import { plantMarker, waitByteChange, waitMarker, whileAlive } from '../waits.js';
import { waitNonZero } from '../zero-memory.js';
import { soon } from '../deadlines.js';

export const postcopyEntries = {
  ...v.omit(pairShape, ['listen', 'incoming', 'connect', 'live', 'expect', 'oob']).entries,
  /** the test breaks the connection in the postcopy phase, and QEMU recovers */
  recovery: v.optional(v.picklist(recoveries)),
};
export type PostcopyCommon = Fields<typeof postcopyEntries> & Hooks;

/** so slow that postcopy cannot end before the test breaks its connection; bytes per second */
const trickle = 4096;

/**
 * what the destination must report about the time that its guest waited for pages, if this QEMU
 * measures it
 */
const waitFigures = [
  'postcopy-blocktime',
  'postcopy-vcpu-blocktime',
  'postcopy-latency',
  'postcopy-latency-dist',
  'postcopy-vcpu-latency',
  'postcopy-non-vcpu-latency',
] as const;

/** statuses before the end if no connection breaks */
const straight = ['setup', 'active', 'device', 'postcopy-device', 'postcopy-active'] as const;

/** statuses before the end over a new connection */
const resumed = ['postcopy-recover-setup', 'postcopy-recover', 'postcopy-active'] as const;

/** @param address where the destination listens */
export async function postcopy(
  context: TestContext,
  settings: PostcopyCommon,
  address = 'tcp:127.0.0.1:0',
): Promise<FlowResult> {
  const { recovery } = settings;
  await settings.prepareHook?.(context);
  const pair = await startPair(context, {
    ...settings,
    capabilities: capabilitiesOfPostcopy(settings.capabilities ?? []),
    listen: 'defer',
    oob: recovery !== undefined,
  });
  await settings.startHook?.(pair);
  const steady = settings.steady === true;
  if (steady) await prepareSteady(pair);
  else await pair.ensureNonConverge();
  await plantMarker(pair.source);
  await pair.destination.qmp.execute('migrate-incoming', { uri: pair.expand(address) });

  context.observer.phase('warm-up');
  await waitGuest(pair);
  await waitNonZero(pair);

  context.observer.phase('migrate');
  const migration = steady ? await settleByPostcopy(pair) : await switchOver(pair, recovery);
  return await migration.arrive({
    endHook: async () => {
      await requireWaitFigures(pair);
      await settings.endHook?.(pair);
    },
  });
}

/** All that a postcopy switches on, in the order of QEMU's own list, as upstream does. */
export function capabilitiesOfPostcopy(others: readonly string[]): string[] {
  const isMultifd = (name: string): boolean => name === 'multifd';
  const late = others.filter((name) => !isMultifd(name));
  return ['postcopy-ram', ...others.filter(isMultifd), 'postcopy-blocktime', ...late];
}

/**
 * Migrates until the guest has dirtied memory that was sent, switches to postcopy, and waits for
 * the rest of the memory.
 */
export async function switchOver(pair: Pair, recovery?: Recovery): Promise<Migration> {
  const { context, settings, source, destination } = pair;
  const migration = await pair.migrate();
  await migration.whileActive(async (signal) => {
    await waitMarker(destination, signal);
    if (settings.suspend === true) return;
    await waitByteChange(source, context.platform.watchAddress, signal);
  });
  await trickleUntilTracked(migration);
  if (recovery !== undefined) await setParameters(source, { 'max-postcopy-bandwidth': trickle });
  await migration.whileActive(async () => {
    await source.qmp.execute('migrate-start-postcopy');
    await migration.untilEvent('STOP');
  });
  await whileAlive(pair, async () => {
    await migration.untilResumed();
    if (recovery !== undefined) await recover(migration, recovery);
    const pauses = settings.capabilities?.includes('pause-before-switchover') === true;
    const usual = pauses ? [...straight, 'pre-switchover'] : straight;
    const through = recovery === undefined ? usual : resumed;
    await unlessStalled(pair, migration.until('completed', { through }));
  });
  // The source completes once all is sent; memory can be checked once all of it has arrived.
  await migration.until('completed', { side: 'destination' });
  return migration;
}

/** QEMU asks for pages, or sends them, all the time until it ends; on a host of usual speed */
const stalledMs = 5000;
const lookEveryMs = 500;

/** Fails if QEMU sends nothing for so long that it has lost what its destination waits for. */
async function unlessStalled({ context, source }: Pair, end: Promise<unknown>): Promise<void> {
  const over = new AbortController();
  const signal = AbortSignal.any([context.signal, over.signal]);
  const watch = async (): Promise<never> => {
    const mostLooks = Math.ceil(soon(stalledMs, context) / lookEveryMs);
    let last = '';
    for (let looks = 0; ;) {
      // each is one, however long a host that stood still made it
      await pause(lookEveryMs, signal);
      const answer = await source.qmp.execute('query-migrate').catch((): JsonObject => ({}));
      const { transferred, 'postcopy-requests': requests } = asObject(answer['ram']);
      const seen = JSON.stringify({ status: answer['status'], transferred, requests });
      looks = seen === last ? looks + 1 : 0;
      last = seen;
      if (looks < mostLooks) continue;
      throw contractError('stalled', 'the migration sends nothing any more, and does not end', {
        side: 'source',
        waitedFor: 'the end of postcopy',
        lastSeen: `${seen} for ${(looks * lookEveryMs) / 1000} s`,
      });
    }
  };
  const watching = watch();
  try {
    await Promise.race([end, watching]);
  } finally {
    over.abort(new Cancelled());
    await Promise.allSettled([watching]);
  }
}

/** QEMU measures only where the kernel reports which thread waits. */
async function requireWaitFigures({ context, destination }: Pair): Promise<void> {
  const { host, destinationFeatures } = context.plan;
  if (host.userfaultfd?.detail !== 'with thread ids') return;
  const answer = await destination.qmp.execute('query-migrate');
  const missing = waitFigures.filter(
    (name) => destinationFeatures.migrationFigures.includes(name) && answer[name] === undefined,
  );
  if (missing.length === 0 && answer['status'] !== 'failed') return;
  throw contractError(
    'figures-missing',
    `query-migrate on the destination ${missing.length === 0 ? 'says that the migration failed' : `lacks ${missing.join(', ')}`} after postcopy`,
    { side: 'destination', waitedFor: waitFigures.join(', '), lastSeen: JSON.stringify(answer) },
  );
}
