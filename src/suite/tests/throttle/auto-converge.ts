/** Auto-converge: QEMU throttles the guest's processors until the migration converges. */
import { pause, pollUntil } from '../../../model/deadline.js';
import type { QemuFeatures } from '../../../model/features.js';
import { asObject } from '../../../model/json.js';
import { setCapability, setParameters } from '../../../migration/commands.js';
import { soon } from '../../../migration/deadlines.js';
import type { TestContext } from '../../../migration/context.js';
import { startPair } from '../../../migration/pair.js';
import type { Pair } from '../../../migration/pair.js';
import { waitGuest } from '../../../migration/steps.js';
import type { FlowResult, Migration } from '../../../migration/migration.js';
import { waitNonZero } from '../../../migration/zero-memory.js';
import { unixSocket } from '../unix-socket.js';
import { Patience, outOfRange, throttleOf } from './throttle-steps.js';
import { requireSleep } from './vcpu-sleep.js';

/** percent */
const initial = 5;
const increment = 25;
const limit = 95;
/** less cannot be distinguished from a guest that waits for QEMU's locks */
const leastSeen = 50;
/** the largest increment that QEMU accepts */
const largest = 99;
/** iterations between two steps of throttling */
const passesPerStep = 2;
/**
 * QEMU synchronises its dirty bitmap after 10 s if no iteration began since 5 s, otherwise 5 s
 * later; less some time for a busy host.
 */
const slowByMs = 4800;

/**
 * At 3 MB/s an iteration takes 33 s: an earlier synchronisation is one of those during throttling.
 */
const slow = 3_000_000;
const lookEveryMs = 100;
/** throttling ends when the migration does, which QEMU reports just before */
const mostEndMs = 3000;

/**
 * QEMU 10.0 synchronises its dirty bitmap every few seconds while it throttles; 7.2 does not, and
 * 11.1 did not within 25 s. The parameter and the status came in the releases between.
 */
function looksWhileThrottling({ parameters, statuses }: QemuFeatures): boolean {
  return parameters.includes('multifd-qatzip-level') && !statuses.includes('failing');
}

export async function autoConverge(context: TestContext): Promise<FlowResult> {
  const pair = await startPair(context, unixSocket);
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
  // An iteration takes a second at this bandwidth, so that the migration does not end before QEMU
  // throttles the guest, even if a busy host does not run the guest for some milliseconds.
  const looks = looksWhileThrottling(context.plan.sourceFeatures);
  const migration = await pair.migrate();
  await migration.whileActive(async () => {
    await waitThrottle(migration, looks);
    if (!looks) return;
    const throttle = await throttleOf(pair);
    if (throttle >= leastSeen) await requireSleep(source, throttle);
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
  return await migration.arrive({ endHook: async () => requireThrottleEnds(pair) });
}

/** A source that goes on throttling would slow down its guest after a cancelled migration, too. */
export async function requireThrottleEnds(pair: Pair): Promise<void> {
  const endMs = performance.now() + soon(mostEndMs, pair.context);
  let throttle = await throttleOf(pair);
  while (throttle !== 0) {
    if (performance.now() > endMs) {
      throw outOfRange('no throttling after the migration', throttle);
    }
    await pause(lookEveryMs, pair.context.signal);
    throttle = await throttleOf(pair);
  }
}

/** Waits until QEMU synchronises its dirty bitmap again. Not every QEMU sends an event for it. */
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
      ...{ timeoutMs: context.deadlines.syncMs, everyMs: lookEveryMs, signal: context.signal },
    },
    async () => ((await count()) === before ? String(before) : undefined),
  );
}

/**
 * Waits until QEMU throttles the guest, checking once for each iteration. If the test then waits
 * seconds for a synchronisation, a guest throttled by little would only use processor time: so the
 * second step is as large as possible, which must end at the limit, and the test waits for it if it
 * comes in time.
 */
async function waitThrottle(migration: Migration, toTheLimit: boolean): Promise<void> {
  const { context, source } = migration.pair;
  const startMs = performance.now();
  let passes = -1; // that have ended: the first event is the start of the first iteration
  let nextStep: number | undefined;
  const follow = source.qmp.events.follow({
    what: 'an iteration after which the guest is throttled',
    since: migration.since.source,
    timeoutMs: context.deadlines.statusMs,
    signal: context.signal,
  });
  const patience = new Patience();
  for await (const { name, receivedAtMs } of follow) {
    if (name === 'STOP') throw outOfRange('some, before the guest is stopped', 0);
    if (name !== 'MIGRATION_PASS') continue;
    passes += 1;
    const throttle = await throttleOf(migration.pair);
    if (throttle === 0) {
      patience.iteration(receivedAtMs);
      continue;
    }
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
