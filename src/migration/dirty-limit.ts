/**
 * Limits on how fast a guest may dirty its memory: set by hand, and set by a migration that would not end
 * otherwise. Both need KVM with a dirty ring that works.
 */
import { pause, timeoutError } from '../model/deadline.js';
import { HarnessError } from '../model/errors.js';
import { asNumber, asObject } from '../model/json.js';
import type { JsonObject } from '../model/json.js';
import type { EventCursor } from '../qmp/events.js';
import type { Machine } from '../qemu/machine.js';
import { figuresOf, migrate, setCapability, setParameters } from './commands.js';
import type { TestContext } from './context.js';
import { dirtyRing, measureDirtyRate, planLimit, queryLimit, requireLimit } from './dirty-rate.js';
import { startNewDestination, startPair } from './pair.js';
import type { Pair } from './pair.js';
import { arrive, waitGuest } from './steps.js';
import type { FlowResult } from './steps.js';
import { endMachines } from './verify.js';
import { waitEvent, waitStatus, whileMigrating } from './waits.js';

/** MB/s, upstream's */
const migrationLimit = 50;
const periodMs = 1000;

/** A guest that writes 50 MB/s cannot be caught up with at this rate, in bytes/s. */
const slow = 3_000_000;

/** in which the migration must end: what is left at the end takes 250 ms at most at this rate */
const final = { 'downtime-limit': 250, 'max-bandwidth': 400_000_000 } as const;
/** with upstream's one percent of tolerance */
const mostRemaining = (final['max-bandwidth'] * final['downtime-limit'] * 1.01) / 1000;

const lookEveryMs = 50;
const liftedMs = 5000;

/** A migration limits the guest; cancelled, it lifts the limit; done again, it limits the guest and ends. */
export async function dirtyLimit(context: TestContext): Promise<FlowResult> {
  const socket = 'unix:$DIR/migsocket';
  const first = await startPair(context, { listen: socket, connect: socket, ...dirtyRing });
  const { source } = first;
  await setCapability(source, 'dirty-limit');
  await setParameters(source, { 'x-vcpu-dirty-limit-period': periodMs });
  await setParameters(source, { 'vcpu-dirty-limit': migrationLimit });
  await setCapability(source, 'pause-before-switchover');

  context.observer.phase('warm-up');
  await waitGuest(first);

  context.observer.phase('migrate');
  const cancelled = await migrateUntilLimited(first);
  await source.qmp.execute('migrate_cancel');
  await waitStatus(context, source, { goal: 'cancelled', since: cancelled });
  await waitStatus(context, first.destination, { goal: 'failed', since: 0 });
  await endMachines(context, [{ machine: first.destination, status: 1 }]);
  await waitLifted(context, source);

  context.observer.phase('launch');
  const second = await startNewDestination(first, '-2');
  context.observer.phase('migrate');
  const destinationSince = second.destination.qmp.events.cursor;
  const since = await migrateUntilLimited(second);
  await requireLimit(source, migrationLimit);
  await setParameters(source, final);
  const paused = await waitStatus(context, source, { goal: 'pre-switchover', since });
  requireLittleLeft(paused);
  await source.qmp.execute('migrate-continue', { state: 'pre-switchover' });
  const answer = await waitStatus(context, source, { goal: 'completed', since });
  await waitEvent(context, source, 'STOP', since);
  return await arrive(second, destinationSince, figuresOf(answer));
}

/** for how long the guest is held back each time its ring is full, microseconds; 0 where nothing is told */
export function throttleTime(answer: JsonObject): number {
  return asNumber(answer['dirty-limit-throttle-time-per-round']) ?? 0;
}

/**
 * Migrates until the guest is really held back. First at a rate that makes passes of a second, the
 * shortest that QEMU judges by; once it has set a limit, so slowly that a limited guest cannot be caught
 * up with: it takes QEMU another second or more to act on the limit.
 */
async function migrateUntilLimited(pair: Pair): Promise<EventCursor> {
  const { context, source } = pair;
  await pair.hold();
  const since = await migrate(source, await pair.target());
  await whileMigrating(pair, context, since, async (signal) => {
    const look = { source, since, timeoutMs: context.patience.statusMs, signal };
    await lookUntil({ ...look, what: 'limit on the guest by the migration' }, async () => {
      const limit = await queryLimit(source);
      return { met: limit !== undefined, seen: limit === undefined ? 'no limit' : `${limit} MB/s` };
    });
    await setParameters(source, { 'max-bandwidth': slow });
    await lookUntil({ ...look, what: 'guest that is held back by its limit' }, async () => {
      const answer = await source.qmp.execute('query-migrate');
      return { met: throttleTime(answer) > 0, seen: JSON.stringify(answer) };
    });
  });
  return since;
}

interface Look {
  readonly what: string;
  readonly source: Machine;
  /** the guest must not be stopped from here on; not looked at unless given */
  readonly since?: EventCursor;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** No event tells these. */
async function lookUntil(
  { what, source, since, timeoutMs, signal }: Look,
  look: () => Promise<{ readonly met: boolean; readonly seen: string }>,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const { met, seen } = await look();
    if (
      since !== undefined &&
      source.qmp.events.find(({ name }) => name === 'STOP', since) !== undefined
    ) {
      throw new HarnessError({
        code: 'guest-not-running',
        blame: 'contract',
        message: 'the migration stopped the guest at the source before it had limited it',
        side: 'source',
        waitedFor: what,
        lastSeen: seen,
      });
    }
    if (met) return;
    if (performance.now() > deadline) {
      throw timeoutError({ waitedFor: what, timeoutMs, lastSeen: seen, side: 'source' });
    }
    await pause(lookEveryMs, signal);
  }
}

/** A cancelled migration must let the guest go again. */
async function waitLifted({ signal }: TestContext, source: Machine): Promise<void> {
  const look = { what: 'end of the limit on the guest', source, timeoutMs: liftedMs, signal };
  await lookUntil(look, async () => {
    const limit = await queryLimit(source);
    const held = throttleTime(await source.qmp.execute('query-migrate'));
    const seen = `${limit === undefined ? 'no limit' : `limit ${limit} MB/s`}, held back for ${held} us`;
    return { met: limit === undefined && held === 0, seen };
  });
}

/** When the migration is about to end, what is left must fit into the downtime that is allowed. */
export function requireLittleLeft(answer: JsonObject): void {
  const remaining = asNumber(asObject(answer['ram'])['remaining']);
  if (remaining !== undefined && remaining < mostRemaining) return;
  throw new HarnessError({
    code: 'too-much-left',
    blame: 'contract',
    message: `${remaining ?? 'an unknown number of'} bytes were left to send when the migration was about to end; ${mostRemaining} would take longer than the downtime that is allowed`,
    side: 'source',
    waitedFor: `less than ${mostRemaining} bytes`,
    lastSeen: String(remaining),
  });
}

/** upstream's, a second each */
const mostMeasurements = 19;

/** A running guest, without any migration: limited to half its own rate, and let go again. */
export async function vcpuDirtyLimit(context: TestContext): Promise<FlowResult> {
  context.observer.phase('launch');
  const machine = await context.startMachine({
    side: 'source',
    memory: { kind: 'anon' },
    firmware: context.writeGuest(),
    ...dirtyRing,
  });
  const { patience, signal } = context;
  context.observer.phase('warm-up');
  await machine.serial.waitForB({ timeoutMs: patience.serialMs, signal });

  context.observer.phase('verify');
  const origin = await measureDirtyRate(machine, signal);
  const plan = planLimit(origin);
  if (plan === undefined) throw outOfRange('a rate that can be halved', [origin]);
  const { limit, border } = plan;
  await machine.qmp.execute('set-vcpu-dirty-limit', { 'dirty-rate': limit });
  await requireLimit(machine, limit);
  const told = `under its limit of ${limit} MB/s, up to ${border} MB/s`;
  await measureUntil(machine, signal, told, (rate) => rate < border);
  await machine.qmp.execute('cancel-vcpu-dirty-limit');
  const free = `without a limit, more than ${border} MB/s of its own ${origin} MB/s`;
  await measureUntil(machine, signal, free, (rate) => rate > border);
  await endMachines(context, [{ machine, status: 0 }]);
  return {};
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
  return new HarnessError({
    code: 'wrong-dirty-rate',
    blame: 'contract',
    message: `the guest dirties ${last} MB/s in measurement ${rates.length}; expected: ${wanted}`,
    side: 'source',
    waitedFor: wanted,
    lastSeen: `${rates.join(', ')} MB/s`,
  });
}
