/**
 * One guest that is moved again and again, each time to a new machine, which may be of another QEMU. After each leg its
 * memory is checked, it must make progress, and it must not be reset.
 */
import { HarnessError } from '../../model/errors.js';
import type { LegResult, MigrationFigures } from '../../model/outcome.js';
import { stateOf } from '../../model/verdict.js';
import type { MemoryVerdict } from '../../model/verdict.js';
import type { Machine } from '../../qemu/machine.js';
import type { TestContext } from '../context.js';
import type { FlowResult, Migration } from '../migration.js';
import { Pair, setUp } from '../pair.js';
import type { Station } from '../plan.js';
import { switchOver } from './postcopy.js';
import { finishLive } from './precopy.js';
import { prepareLive, prepareStopped } from '../steps.js';
import { endMachines, requireRunning, verifyMemory } from '../verify.js';
import { waitByteChange } from '../waits.js';

/**
 * How the guest is moved. `stopped`: memory on both ends of a leg is compared stamp by stamp. `live`: it runs, and
 * pages are sent again. `postcopy`: it runs at the destination before its memory is there.
 */
export type LegKind = 'stopped' | 'live' | 'postcopy';

export interface ChainWish {
  readonly kind: LegKind;
  /** where each destination listens; `$DIR` is the test's directory, `$LEG` the number of the leg */
  readonly listen: string;
  readonly capabilities?: readonly string[];
}

/** after a leg, before its check; for tests of the check */
export type BeforeCheck = (arrived: Machine, leg: number) => Promise<void>;

interface Leg {
  readonly wish: ChainWish;
  readonly pair: Pair;
  readonly beforeCheck: () => Promise<void>;
}

interface Arrival {
  readonly verdict: MemoryVerdict;
  readonly figures: MigrationFigures;
}

/** @param route the QEMUs that run the guest, in order */
export async function chain(
  context: TestContext,
  wish: ChainWish,
  route: readonly Station[],
  beforeCheck?: BeforeCheck,
): Promise<FlowResult> {
  const [first, ...stations] = route;
  if (first === undefined || stations.length === 0) throw new Error('a route has two ends');
  context.observer.phase('launch');
  const firmware = context.writeGuest();
  let from = await context.startMachine({
    side: 'source',
    binary: first.binary,
    memory: { kind: 'anon' },
    firmware,
  });
  const legs: LegResult[] = [];
  for (const [index, station] of stations.entries()) {
    const number = index + 1;
    // the sides take turns: where a guest arrived, it leaves
    const side = index % 2 === 0 ? 'destination' : 'source';
    const tag = index === 0 ? '' : `-leg${number}`;
    const [left, came] = [route[index] ?? first, station].map(({ features }) => features.version);
    const [name, next] = [from.name, `${side}${tag}`];
    context.where = `leg ${number} of ${stations.length}, QEMU ${left} (${name}) to ${came} (${next})`;
    if (index > 0) context.observer.phase('launch');
    const to = await context.startMachine({
      ...{ side, tag, firmware, binary: station.binary, memory: from.spec.memory },
      incoming: 'defer',
    });
    const listen = wish.listen.replaceAll('$LEG', String(number));
    const { capabilities = [] } = wish;
    const pair = new Pair(context, { incoming: listen, capabilities }, from, to);
    const arrival = await oneLeg({
      ...{ wish, pair },
      beforeCheck: async () => await beforeCheck?.(to, number),
    });
    legs.push({ from: left ?? '', to: came ?? '', ...arrival });
    if (!arrival.verdict.intact) return { ...arrival, legs };
    await endMachines(context, [{ machine: from, status: 0 }]);
    if (number < stations.length) await to.qmp.execute('cont');
    from = to;
  }
  await endMachines(context, [{ machine: from, status: 0 }]);
  const last = legs.at(-1);
  return last === undefined ? {} : { verdict: last.verdict, figures: last.figures, legs };
}

async function oneLeg(leg: Leg): Promise<Arrival> {
  const { wish, pair } = leg;
  const { context, source, destination } = pair;
  await setUp(pair, [source, destination]);
  context.observer.phase('warm-up');
  await requireProgress(context, source);
  switch (wish.kind) {
    case 'stopped':
      return await moveStopped(leg);
    case 'live':
      return await moveRunning(leg, async () => {
        const migration = await pair.migrate();
        await finishLive(migration);
        return migration;
      });
    case 'postcopy':
      return await moveRunning(leg, async () => await switchOver(pair));
  }
}

/** Nothing changes on the way: generation and edge are the same on both ends. */
async function moveStopped({ pair, beforeCheck }: Leg): Promise<Arrival> {
  const { context, source, destination } = pair;
  const { range } = context.platform;
  await prepareStopped(pair);
  context.observer.phase('migrate');
  const migration = await pair.migrate();
  await migration.until('completed');
  await migration.until('completed', { side: 'destination' });

  context.observer.phase('verify');
  await beforeCheck();
  const before = await (await source.ram(range, context.signal)).checkStopped(range);
  const verdict = await (await destination.ram(range, context.signal)).checkStopped(range);
  if (verdict.intact && stateOf(before) !== stateOf(verdict)) {
    throw new HarnessError({
      code: 'memory-differs',
      blame: 'contract',
      message: 'a stopped guest arrived with other stamps than it left with',
      side: destination.side,
      waitedFor: stateOf(before),
      lastSeen: stateOf(verdict),
    });
  }
  return { verdict, figures: migration.figures };
}

/** The guest goes on at the destination by itself, and is stopped there for the check. */
async function moveRunning(
  { pair, beforeCheck }: Leg,
  move: () => Promise<Migration>,
): Promise<Arrival> {
  const { context, source, destination } = pair;
  await prepareLive(pair);
  context.observer.phase('migrate');
  const migration = await move();
  await migration.untilEvent('RESUME', 'destination');
  await requireProgress(context, destination);
  await requireRunning(source, false);

  context.observer.phase('verify');
  await beforeCheck();
  const verdict = await verifyMemory(context, destination);
  return { verdict, figures: migration.figures };
}

/** The guest goes round its memory, and was started by this machine only where it is the first. */
async function requireProgress(context: TestContext, machine: Machine): Promise<void> {
  const { serial } = machine;
  const wait = { timeoutMs: context.patience.serialMs, signal: context.signal };
  await serial.waitForB(wait);
  // the first sign may come right away, the second only after the guest has gone round here
  await serial.waitForB({ ...wait, since: serial.length });
  await waitByteChange(context, machine, context.platform.watchAddress);
  if (serial.broken !== undefined) throw serial.broken;
  const expected = machine.spec.incoming === undefined ? 1 : 0;
  if (serial.starts === expected) return;
  throw new HarnessError({
    code: 'guest-restarted',
    blame: 'contract',
    message: `the guest was reset on the ${machine.side} instead of continuing`,
    side: machine.side,
    waitedFor: `${expected} starts`,
    lastSeen: `${serial.starts} starts`,
  });
}
