/** Auto-converge: the guest's processors are slowed down until the migration can end. */
import { pollUntil } from '../../../model/deadline.js';
import { HarnessError } from '../../../model/errors.js';
import type { QemuFeatures } from '../../../model/features.js';
import { asObject } from '../../../model/json.js';
import { setCapability, setParameters } from '../../../migration/commands.js';
import type { TestContext } from '../../../migration/context.js';
import { startPair } from '../../../migration/pair.js';
import type { Pair } from '../../../migration/pair.js';
import { waitGuest } from '../../../migration/steps.js';
import type { FlowResult, Migration } from '../../../migration/migration.js';
import { waitNonZero } from '../../../migration/zero-memory.js';

/** percent */
const initial = 5;
const increment = 25;
const limit = 95;
/** the largest increment that QEMU takes */
const largest = 99;
/** passes from one step of throttling to the next */
const passesPerStep = 2;
/** QEMU looks for dirty pages at 10 s when no pass has begun since 5 s; else 5 s later. Some of it is for the host. */
const slowByMs = 4800;

/** At 3 MB/s a pass over memory takes 33 s: another one within that time is not of the usual kind. */
const slow = 3_000_000;
const lookEveryMs = 100;

/**
 * QEMU 10.0 looks for dirty pages every few seconds while it throttles, 7.2 does not, and 11.1 was not
 * seen to within 25 s. The parameter and the status came in the releases between.
 */
function looksWhileThrottling({ parameters, statuses }: QemuFeatures): boolean {
  return parameters.includes('multifd-qatzip-level') && !statuses.includes('failing');
}

export async function autoConverge(context: TestContext): Promise<FlowResult> {
  const socket = 'unix:$DIR/migsocket';
  const pair = await startPair(context, { listen: socket, connect: socket });
  const { source } = pair;
  await setCapability(source, 'auto-converge');
  await setParameters(source, {
    'cpu-throttle-initial': initial,
    'cpu-throttle-increment': increment,
    'max-cpu-throttle': limit,
  });
  await pair.ensureNonConverge();
  await setCapability(source, 'pause-before-switchover');

  context.observer.phase('warm-up');
  await waitGuest(pair);
  await waitNonZero(pair);

  context.observer.phase('migrate');
  // As slow as it was set: a pass takes a second, so a guest that a busy host leaves waiting for some
  // milliseconds does not let the migration end before it is throttled.
  const looks = looksWhileThrottling(context.plan.sourceFeatures);
  const migration = await pair.migrate();
  await migration.whileActive(async () => {
    await waitThrottle(migration, looks);
    if (!looks) return;
    await setParameters(source, { 'max-bandwidth': slow });
    await waitSync(pair);
  });
  await pair.ensureConverge();
  await migration.until('pre-switchover');
  const throttle = await throttleOf(pair);
  if (throttle > limit) throw outOfRange(`at most ${limit}`, throttle);
  await source.qmp.execute('migrate-continue', { state: 'pre-switchover' });
  await migration.until('completed');
  await migration.untilEvent('STOP');
  return await migration.arrive();
}

/** throttles as soon as a tenth of what is sent is dirtied again, in steps that become smaller */
export const throttleEarly = {
  'throttle-trigger-threshold': 10,
  'cpu-throttle-tailslow': true,
  'cpu-throttle-initial': 20,
  'cpu-throttle-increment': 10,
} as const;

/** With `throttleEarly`: waits until the guest is throttled, and by how much it should be. */
export async function waitThrottled(pair: Pair, signal: AbortSignal): Promise<void> {
  let throttle = 0;
  await pollUntil(
    {
      waitedFor: 'throttling of a guest that dirties memory faster than it is sent',
      side: 'source',
      ...{ timeoutMs: pair.context.patience.statusMs, everyMs: lookEveryMs, signal },
    },
    async () => {
      throttle = await throttleOf(pair);
      return throttle === 0 ? 'no throttling' : undefined;
    },
  );
  const least = throttleEarly['cpu-throttle-initial'];
  if (throttle < least) throw outOfRange(`at least ${least}`, throttle);
}

async function throttleOf({ source }: Pick<Pair, 'source'>): Promise<number> {
  const answer = await source.qmp.execute('query-migrate');
  return Number(answer['cpu-throttle-percentage'] ?? 0);
}

/** Waits until dirty pages are looked for again. Not every QEMU sends an event for it. */
async function waitSync({ context, source }: Pair): Promise<void> {
  const count = async (): Promise<number> => {
    const { ram } = await source.qmp.execute('query-migrate');
    return Number(asObject(ram)['dirty-sync-count']);
  };
  const before = await count();
  await pollUntil(
    {
      waitedFor: `change of dirty-sync-count while pages go out at ${slow} bytes/s`,
      side: 'source',
      ...{ timeoutMs: context.patience.syncMs, everyMs: lookEveryMs, signal: context.signal },
    },
    async () => ((await count()) === before ? String(before) : undefined),
  );
}

/**
 * Waits until the guest is throttled; each pass may begin it, and is looked at once. Where QEMU is to look for dirty
 * pages meanwhile, for seconds, a guest throttled by little would keep a processor busy for nothing: the second
 * step is as large as can be, which has to end at the limit, and is waited for where it comes in time.
 */
async function waitThrottle(migration: Migration, toTheLimit: boolean): Promise<void> {
  const { context, source } = migration.pair;
  const startMs = performance.now();
  let passes = -1; // that have ended: the first event tells the beginning of the first
  let nextStep: number | undefined;
  const follow = source.qmp.events.follow({
    what: 'a pass after which the guest is throttled',
    since: migration.since.source,
    timeoutMs: context.patience.statusMs,
    signal: context.signal,
  });
  for await (const { name } of follow) {
    if (name === 'STOP') throw outOfRange('some, before the guest is stopped', 0);
    if (name !== 'MIGRATION_PASS') continue;
    passes += 1;
    const throttle = await throttleOf(migration.pair);
    if (throttle === 0) continue;
    if (throttle < initial) throw outOfRange(`at least ${initial}`, throttle);
    if (throttle > limit) throw outOfRange(`at most ${limit}`, throttle);
    if (!toTheLimit || throttle === limit) return;
    if (nextStep === undefined) {
      nextStep = passes + passesPerStep;
      await setParameters(source, { 'cpu-throttle-increment': largest });
    }
    const elapsedMs = performance.now() - startMs;
    const neededMs = ((nextStep - passes) * elapsedMs) / passes;
    if (nextStep <= passes || elapsedMs + neededMs > slowByMs) return;
  }
}

function outOfRange(wanted: string, found: number): HarnessError {
  return new HarnessError({
    code: 'wrong-throttle',
    blame: 'contract',
    message: `auto-converge throttles the guest by ${found} percent; expected: ${wanted}`,
    side: 'source',
    waitedFor: wanted,
    lastSeen: String(found),
  });
}
