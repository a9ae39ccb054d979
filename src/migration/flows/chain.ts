/**
 * One guest that is moved again and again, each time to a new machine, which may be of another QEMU. After each leg its
 * memory is checked, it must make progress, and it must not be reset.
 */
import { HarnessError } from '../../model/errors.js';
import type { LegResult, MigrationFigures } from '../../model/outcome.js';
import { stateOf } from '../../model/verdict.js';
import type { MemoryVerdict } from '../../model/verdict.js';
import type { TestContext, TestMachine } from '../context.js';
import { LegError } from '../migration.js';
import type { FlowResult, Migration } from '../migration.js';
import { Pair, setUp } from '../pair.js';
import type { Station } from '../plan.js';
import { switchOver } from './postcopy.js';
import { finishLive } from './precopy.js';
import { prepareLive, prepareStopped } from '../steps.js';
import {
  checkStopped,
  endMachine,
  requireRunning,
  requireStarts,
  verifyMemory,
  verifyStopped,
} from '../verify.js';
import { waitByteChange, waitSerial } from '../waits.js';

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

interface Arrival {
  readonly verdict: MemoryVerdict;
  readonly figures: MigrationFigures;
}

/** @param route the QEMUs that run the guest, in order */
export async function chain(
  context: TestContext,
  wish: ChainWish,
  route: readonly Station[],
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
    const leg = `leg ${number} of ${stations.length}, QEMU ${left} (${name}) to ${came} (${next})`;
    try {
      if (index > 0) context.observer.phase('launch');
      const to = await context.startMachine({
        side,
        tag,
        firmware,
        binary: station.binary,
        memory: from.spec.memory,
        incoming: 'defer',
      });
      const incoming = wish.listen.replaceAll('$LEG', String(number));
      const { capabilities = [] } = wish;
      const arrival = await oneLeg(
        wish.kind,
        new Pair(context, { incoming, capabilities }, from, to),
      );
      legs.push({ from: left ?? '', to: came ?? '', ...arrival });
      if (!arrival.verdict.intact) return { ...arrival, legs, leg };
      await endMachine(from);
      if (number < stations.length) await to.qmp.execute('cont');
      from = to;
    } catch (error) {
      throw new LegError(leg, error);
    }
  }
  await endMachine(from);
  const last = legs.at(-1);
  return { verdict: last?.verdict, figures: last?.figures, legs };
}

async function oneLeg(kind: LegKind, pair: Pair): Promise<Arrival> {
  const { context, source, destination } = pair;
  await setUp(pair, [source, destination]);
  context.observer.phase('warm-up');
  await requireProgress(source);
  switch (kind) {
    case 'stopped':
      return await moveStopped(pair);
    case 'live':
      return await moveRunning(pair, async () => {
        const migration = await pair.migrate();
        await finishLive(migration);
        return migration;
      });
    case 'postcopy':
      return await moveRunning(pair, async () => await switchOver(pair));
  }
}

/** Nothing changes on the way: generation and edge are the same on both ends. */
async function moveStopped(pair: Pair): Promise<Arrival> {
  const { context, source, destination } = pair;
  await prepareStopped(pair);
  context.observer.phase('migrate');
  const migration = await pair.migrate();
  await migration.until('completed');
  await migration.until('completed', { side: 'destination' });

  context.observer.phase('verify');
  const verdict = await verifyStopped(destination);
  const before = await checkStopped(source);
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
async function moveRunning(pair: Pair, move: () => Promise<Migration>): Promise<Arrival> {
  const { context, source, destination } = pair;
  await prepareLive(pair);
  context.observer.phase('migrate');
  const migration = await move();
  await migration.untilEvent('RESUME', 'destination');
  await requireProgress(destination);
  await requireRunning(source, false);

  context.observer.phase('verify');
  const verdict = await verifyMemory(destination);
  return { verdict, figures: migration.figures };
}

/** The guest goes round its memory, and was started by this machine only where it is the first. */
async function requireProgress(machine: TestMachine): Promise<void> {
  await waitSerial(machine);
  // the first sign may come right away, the second only after the guest has gone round here
  await waitSerial(machine, machine.serial.length);
  await waitByteChange(machine, machine.context.platform.watchAddress);
  requireStarts(machine, machine.spec.incoming === undefined ? 1 : 0);
}
