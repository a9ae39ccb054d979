/**
 * A guest that is moved again and again: source to destination, and on to a new machine of the source's binary, and so
 * forth. Each leg is a stopped migration, so that memory on both ends of it can be compared stamp by stamp; between the
 * legs the guest runs, and must get on.
 */
import { HarnessError } from '../model/errors.js';
import { stateOf } from '../model/verdict.js';
import type { MemoryVerdict } from '../model/verdict.js';
import { checkStamped } from '../memory/stamped-check.js';
import type { MigrationFigures } from '../model/outcome.js';
import type { Machine } from '../qemu/machine.js';
import { figuresOf, migrate } from './commands.js';
import type { TestContext } from './context.js';
import { Pair, startPair } from './pair.js';
import { waitGuest } from './steps.js';
import type { FlowResult } from './steps.js';
import { endMachines } from './verify.js';
import { waitByteChange, waitEvent, waitStatus } from './waits.js';

export async function pingPong(context: TestContext, legs: number): Promise<FlowResult> {
  const socket = (leg: number): string => `unix:${context.file(`leg${leg}`)}`;
  const first = await startPair(context, { listen: socket(1), connect: socket(1) });
  context.observer.phase('warm-up');
  await waitGuest(first);
  let from = first.source;
  let to = first.destination;
  for (let leg = 1; ; leg++) {
    const { verdict, figures } = await oneLeg({ context, from, to }, socket(leg));
    if (!verdict.intact || leg === legs) {
      if (verdict.intact) await endMachines(context, [{ machine: to, status: 0 }]);
      return { verdict, figures };
    }
    await goOn(context, to);
    // Back to the other binary.
    const { memory, firmware } = from.spec;
    const side = from.spec.side;
    from = to;
    to = await context.startMachine({
      side,
      memory,
      firmware,
      incoming: socket(leg + 1),
      tag: `-leg${leg + 1}`,
    });
    await to.qmp.execute('migrate-set-capabilities', {
      capabilities: [{ capability: 'events', state: true }],
    });
  }
}

interface Leg {
  readonly context: TestContext;
  readonly from: Machine;
  readonly to: Machine;
}

/** Moves the stopped guest, compares, and ends the machine it has left. */
async function oneLeg(
  { context, from, to }: Leg,
  uri: string,
): Promise<{ verdict: MemoryVerdict; figures: MigrationFigures }> {
  const { stamped } = context;
  context.observer.phase('migrate');
  const pair = new Pair(context, { listen: uri }, from, to);
  const stopped = from.qmp.events.cursor;
  await from.qmp.execute('stop');
  await waitEvent(context, from, 'STOP', stopped);
  await pair.release();
  const arriving = to.qmp.events.cursor;
  const since = await migrate(from, { uri });
  const answer = await waitStatus(context, from, { goal: 'completed', since });
  await waitStatus(context, to, { goal: 'completed', since: arriving });

  context.observer.phase('verify');
  const before = await checkStamped(await from.ram(stamped, context.signal), stamped);
  const verdict = await checkStamped(await to.ram(stamped, context.signal), stamped);
  const moved = stateOf(before) !== stateOf(verdict);
  if (verdict.intact && moved) {
    throw new HarnessError({
      code: 'memory-differs',
      blame: 'contract',
      message: 'a stopped guest arrived with other stamps than it left with',
      side: to.side,
      waitedFor: stateOf(before),
      lastSeen: stateOf(verdict),
    });
  }
  await endMachines(context, [{ machine: from, status: 0 }]);
  return { verdict, figures: figuresOf(answer) };
}

/** The guest runs here now, and was not started anew. */
async function goOn(context: TestContext, machine: Machine): Promise<void> {
  const since = machine.qmp.events.cursor;
  await machine.qmp.execute('cont');
  await waitEvent(context, machine, 'RESUME', since);
  await machine.serial.waitForB({ timeoutMs: context.patience.serialMs, signal: context.signal });
  await waitByteChange(context, machine, context.platform.watchAddress);
  if (machine.serial.broken !== undefined) throw machine.serial.broken;
  const expected = machine.spec.incoming === undefined ? 1 : 0;
  if (machine.serial.starts === expected) return;
  throw new HarnessError({
    code: 'guest-restarted',
    blame: 'contract',
    message: `the guest started anew on the ${machine.side}: it was reset instead of going on`,
    side: machine.side,
    waitedFor: `${expected} starts`,
    lastSeen: `${machine.serial.starts} starts`,
  });
}
