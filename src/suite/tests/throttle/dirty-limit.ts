/**
 * Limits on how fast a guest may dirty its memory: set by QMP, and set by a migration that would
 * not converge otherwise. Both need KVM with a dirty ring that works.
 */
import { pollUntil } from '../../../model/deadline.js';
import type { HarnessError } from '../../../model/errors.js';
import { contractError } from '../../../model/errors.js';
import { asNumber, asObject } from '../../../model/json.js';
import type { JsonObject } from '../../../model/json.js';
import type { QmpEvent } from '../../../qmp/events.js';
import type { Machine } from '../../../qemu/machine.js';
import { setCapability, setParameters } from '../../../migration/commands.js';
import type { TestContext, TestMachine } from '../../../migration/context.js';
import type { RatePlan } from '../../../migration/host/dirty-rate.js';
import {
  dirtyRing,
  measureDirtyRate,
  planLimit,
  queryLimit,
  requireLimit,
} from '../../../migration/host/dirty-rate.js';
import { startNewDestination, startPair } from '../../../migration/pair.js';
import type { Pair } from '../../../migration/pair.js';
import { waitGuest } from '../../../migration/steps.js';
import type { FlowResult, Migration } from '../../../migration/migration.js';
import { endMachine } from '../../../migration/verify.js';
import { unixSocket } from '../unix-socket.js';

/** MB/s, as in upstream's test; for a slow guest half its own rate */
const usualLimit = 50;
const periodMs = 1000;

/** bytes/s: a pass over the guest's memory takes a second */
const usualBandwidth = 100_000_000;
/** bytes/s: below the smallest limit, 4 MB/s, so that the migration does not converge */
const slow = 3_000_000;

/** the migration must complete with these */
const final = { 'downtime-limit': 250, 'max-bandwidth': 400_000_000 } as const;
/** with upstream's one percent of tolerance */
const mostRemaining = (final['max-bandwidth'] * final['downtime-limit'] * 1.01) / 1000;

const pollMs = 50;
const unthrottledMs = 5000;

/**
 * A migration limits the guest; when cancelled, it removes the limit; a second one limits the guest
 * and completes.
 */
export async function dirtyLimit(context: TestContext): Promise<FlowResult> {
  const first = await startPair(context, { ...unixSocket, ...dirtyRing });
  const { source } = first;
  context.observer.phase('warm-up');
  await waitGuest(first);
  const origin = await measureDirtyRate(source, context.signal);
  const limit = Math.min(usualLimit, planOrThrow(origin).limit);
  await setCapability(source, 'dirty-limit');
  await setParameters(source, { 'x-vcpu-dirty-limit-period': periodMs });
  await setParameters(source, { 'vcpu-dirty-limit': limit });
  await setCapability(source, 'pause-before-switchover');
  // slower than the guest dirties
  const bandwidth = Math.min(usualBandwidth, Math.floor(origin / 2) * 1_000_000);

  context.observer.phase('migrate');
  const cancelled = await migrateUntilLimited(first, bandwidth);
  await source.qmp.execute('migrate_cancel');
  await cancelled.until('cancelled');
  await destinationGivesUp(first);
  await waitUnthrottled(source);
  await requireNoLimit(source);

  context.observer.phase('launch');
  const second = await startNewDestination(first, '-2');
  context.observer.phase('migrate');
  const migration = await migrateUntilLimited(second, bandwidth);
  await requireLimit(source, limit);
  await setParameters(source, final);
  const paused = await migration.until('pre-switchover');
  requireLittleLeft(paused);
  await source.qmp.execute('migrate-continue', { state: 'pre-switchover' });
  await migration.until('completed');
  await migration.untilEvent('STOP');
  return await migration.arrive();
}

/** The destination reports that the migration failed, and exits too soon to answer a query. */
async function destinationGivesUp({ context, destination }: Pair): Promise<void> {
  await destination.qmp.events.wait(
    ({ name, data }) => name === 'MIGRATION' && data['status'] === 'failed',
    {
      what: 'MIGRATION event failed',
      timeoutMs: context.deadlines.eventMs,
      signal: context.signal,
    },
  );
  await endMachine(destination, 1);
}

/** throttling of the guest each time its ring is full, microseconds; 0 if QEMU reports none */
export function throttleTime(answer: JsonObject): number {
  return asNumber(answer['dirty-limit-throttle-time-per-round']) ?? 0;
}

/**
 * Migrates until QEMU throttles the guest. At first iterations take a second, the shortest period
 * that QEMU measures; after it has set a limit, the migration is so slow that it does not converge,
 * since QEMU needs another second or more to apply the limit.
 */
async function migrateUntilLimited(pair: Pair, bandwidth: number): Promise<Migration> {
  const { context, source } = pair;
  await pair.ensureNonConverge();
  await setParameters(source, { 'max-bandwidth': bandwidth });
  const migration = await pair.migrate();
  await migration.whileActive(async (signal) => {
    const poll = { timeoutMs: context.deadlines.statusMs, everyMs: pollMs, signal };
    const until = async (
      waitedFor: string,
      look: () => Promise<string | undefined>,
    ): Promise<void> => {
      await pollUntil({ ...poll, side: 'source', waitedFor }, async () => {
        const seen = await look();
        requireNotStopped(migration, waitedFor, seen);
        return seen;
      });
    };
    await until('limit on the guest by the migration', async () =>
      (await queryLimit(source)) === undefined ? 'no limit' : undefined,
    );
    await setParameters(source, { 'max-bandwidth': slow });
    await until('guest that is held back by its limit', async () => {
      const answer = await source.qmp.execute('query-migrate');
      return throttleTime(answer) > 0 ? undefined : JSON.stringify(answer);
    });
  });
  return migration;
}

/** The migration must not stop the guest before it has limited it. */
function requireNotStopped(migration: Migration, waitedFor: string, lastSeen?: string): void {
  const { events } = migration.pair.source.qmp;
  const isStop = ({ name }: QmpEvent): boolean => name === 'STOP';
  if (events.find(isStop, migration.since.source) === undefined) return;
  throw contractError(
    'guest-not-running',
    'the migration stopped the guest at the source before it had limited it',
    { side: 'source', waitedFor, lastSeen },
  );
}

/** A cancelled migration must not report that it throttles the guest. */
async function waitUnthrottled(source: TestMachine): Promise<void> {
  const { signal } = source.context;
  const poll = { side: 'source', timeoutMs: unthrottledMs, everyMs: pollMs, signal } as const;
  await pollUntil({ ...poll, waitedFor: 'end of the throttling' }, async () => {
    const heldUs = throttleTime(await source.qmp.execute('query-migrate'));
    return heldUs === 0 ? undefined : `held back for ${heldUs} us each time`;
  });
}

/**
 * QEMU 10.0 and 11.1 keep the limit after the migration is cancelled, which upstream's test does
 * not check. Removes it, so that the next migration has to set its own.
 */
async function requireNoLimit(source: Machine): Promise<void> {
  if ((await queryLimit(source)) === undefined) return;
  await source.qmp.execute('cancel-vcpu-dirty-limit');
  const limit = await queryLimit(source);
  if (limit === undefined) return;
  throw contractError(
    'wrong-dirty-limit',
    `the dirty limit on the source is still ${limit} MB/s after it was cancelled`,
    { side: 'source', waitedFor: 'no limit', lastSeen: `${limit} MB/s` },
  );
}

/** At the switchover, what is left to send must fit into the downtime limit. */
export function requireLittleLeft(answer: JsonObject): void {
  const remaining = asNumber(asObject(answer['ram'])['remaining']);
  if (remaining !== undefined && remaining < mostRemaining) return;
  throw contractError(
    'too-much-left',
    `${remaining ?? 'an unknown number of'} bytes were left to send when the migration was about to end; ${mostRemaining} would take longer than the downtime that is allowed`,
    { side: 'source', waitedFor: `less than ${mostRemaining} bytes`, lastSeen: String(remaining) },
  );
}

/** upstream's, a second each */
const mostMeasurements = 19;

/**
 * Limits a running guest to half its own rate, without a migration, and removes the limit again.
 */
export async function vcpuDirtyLimit(context: TestContext): Promise<FlowResult> {
  context.observer.phase('launch');
  const machine = await context.startMachine({
    side: 'source',
    memory: { kind: 'anon' },
    firmware: context.writeGuest(dirtyRing),
    ...dirtyRing,
  });
  const { deadlines, signal } = context;
  context.observer.phase('warm-up');
  await machine.serial.waitForB({ timeoutMs: deadlines.serialMs, signal });

  context.observer.phase('verify');
  const origin = await measureDirtyRate(machine, signal);
  const { limit, border } = planOrThrow(origin);
  await machine.qmp.execute('set-vcpu-dirty-limit', { 'dirty-rate': limit });
  await requireLimit(machine, limit);
  const told = `under its limit of ${limit} MB/s, up to ${border} MB/s`;
  await measureUntil(machine, signal, told, (rate) => rate < border);
  await machine.qmp.execute('cancel-vcpu-dirty-limit');
  const free = `without a limit, more than ${border} MB/s of its own ${origin} MB/s`;
  await measureUntil(machine, signal, free, (rate) => rate > border);
  await endMachine(machine);
  return {};
}

function planOrThrow(origin: number): RatePlan {
  const plan = planLimit(origin);
  if (plan === undefined) throw outOfRange('8 MB/s or more, to be limited to half of it', [origin]);
  return plan;
}

async function measureUntil(
  machine: Machine,
  signal: AbortSignal,
  wanted: string,
  fits: (rate: number) => boolean,
): Promise<void> {
  const rates: number[] = [];
  while (rates.length < mostMeasurements) {
    const rate = await measureDirtyRate(machine, signal);
    rates.push(rate);
    if (fits(rate)) return;
  }
  throw outOfRange(wanted, rates);
}

function outOfRange(wanted: string, rates: readonly number[]): HarnessError {
  const last = rates.at(-1) ?? 0;
  return contractError(
    'wrong-dirty-rate',
    `the guest dirties ${last} MB/s in measurement ${rates.length}; expected: ${wanted}`,
    { side: 'source', waitedFor: wanted, lastSeen: `${rates.join(', ')} MB/s` },
  );
}
