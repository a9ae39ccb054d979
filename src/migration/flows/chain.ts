/**
 * One guest that migrates several times, each time to a new machine, maybe of another QEMU. After
 * each leg Drover checks that its memory is intact, that it makes progress, and that it was not
 * reset.
 */
import { contractError } from '../../model/errors.js';
import type { LegResult, MigrationFigures } from '../../model/outcome.js';
import { stateOf } from '../../model/verdict.js';
import type { MemoryVerdict } from '../../model/verdict.js';
import { compareArrival, stateDiffers } from '../arrival/arrival-check.js';
import type { TestContext, TestMachine } from '../context.js';
import { LegError } from '../migration.js';
import type { FlowResult, Migration } from '../migration.js';
import { Pair, setUp } from '../pair.js';
import type { ProbedQemu } from '../plan.js';
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
import { damageOfSilent, waitSigns } from '../sign-of-life.js';
import { waitByteChange } from '../waits.js';

/**
 * How the guest migrates. `stopped`: the stamps at both ends of a leg must be the same. `live`: it
 * runs, and QEMU sends pages again. `postcopy`: it runs at the destination before its memory is
 * there.
 */
export type LegKind = 'stopped' | 'live' | 'postcopy';

export interface ChainOptions {
  readonly kind: LegKind;
  /**
   * where each destination listens; `$DIR` is the test's directory, `$LEG` the number of the leg
   */
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
  options: ChainOptions,
  route: readonly ProbedQemu<string>[],
): Promise<FlowResult> {
  const [first, ...others] = route;
  if (first === undefined || others.length === 0) throw new Error('a route has two ends');
  context.observer.phase('launch');
  const firmware = context.writeGuest();
  let from = await context.startMachine({
    side: 'source',
    binary: first.binary,
    memory: { kind: 'anon' },
    firmware,
  });
  const legs: LegResult[] = [];
  for (const [index, qemu] of others.entries()) {
    const number = index + 1;
    // the destination of one leg is the source of the next
    const side = index % 2 === 0 ? 'destination' : 'source';
    const tag = index === 0 ? '' : `-leg${number}`;
    const [left, came] = [route[index] ?? first, qemu].map(({ features }) => features.version);
    const [name, next] = [from.name, `${side}${tag}`];
    const leg = `leg ${number} of ${others.length}, QEMU ${left} (${name}) to ${came} (${next})`;
    try {
      if (index > 0) context.observer.phase('launch');
      const to = await context.startMachine({
        side,
        tag,
        firmware,
        binary: qemu.binary,
        memory: from.spec.memory,
        incoming: 'defer',
      });
      const incoming = options.listen.replaceAll('$LEG', String(number));
      const { capabilities = [] } = options;
      const arrival = await oneLeg(
        options.kind,
        new Pair(context, { incoming, capabilities }, from, to),
      );
      legs.push({ from: left ?? '', to: came ?? '', ...arrival });
      if (!arrival.verdict.intact) return { ...arrival, legs, leg };
      await endMachine(from);
      if (number < others.length) await to.qmp.execute('cont');
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

/** The guest is stopped: generation and edge are the same on both sides. */
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
    throw contractError(
      'memory-differs',
      'the stamps of a stopped guest differ between source and destination',
      { side: destination.side, waitedFor: stateOf(before), lastSeen: stateOf(verdict) },
    );
  }
  if (context.plan.arrival !== 'stamps') {
    const arrival = await compareArrival(source, destination);
    if (verdict.intact && arrival.differences.length > 0) throw stateDiffers(context, arrival);
  }
  return { verdict, figures: migration.figures };
}

/** The guest runs on at the destination; Drover stops it there for the check. */
async function moveRunning(pair: Pair, move: () => Promise<Migration>): Promise<Arrival> {
  const { context, source, destination } = pair;
  await prepareLive(pair);
  context.observer.phase('migrate');
  const migration = await move();
  await migration.untilEvent('RESUME', 'destination');
  const damage = await damageOfSilent(destination, async () => {
    await requireProgress(destination);
  });
  if (damage !== undefined) return { verdict: damage, figures: migration.figures };
  await requireRunning(source, false);

  context.observer.phase('verify');
  const verdict = await verifyMemory(destination);
  return { verdict, figures: migration.figures };
}

/** The guest passes over its memory, and only the first machine started it. */
async function requireProgress(machine: TestMachine): Promise<void> {
  await waitSigns(machine);
  await waitByteChange(machine, machine.context.platform.watchAddress);
  requireStarts(machine, machine.spec.incoming === undefined ? 1 : 0);
}
