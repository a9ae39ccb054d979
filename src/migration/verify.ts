/**
 * The proof at the end of a migration: the guest really runs at the destination, really stops when
 * stopped, and its memory is whole. Then both QEMUs are ended and must go in good order.
 */
import { pause } from '../model/deadline.js';
import { HarnessError } from '../model/errors.js';
import { asString } from '../model/json.js';
import { stateOf } from '../model/verdict.js';
import type { StampedRange } from '../model/stamps.js';
import type { MemoryVerdict } from '../model/verdict.js';
import { guestContract } from '../guest/contract.js';
import type { GuestRam } from '../memory/guest-ram.js';
import type { Machine } from '../qemu/machine.js';
import { describeExit } from '../qemu/spawn.js';
import type { TestContext } from './context.js';
import { waitByteChange, waitEvent } from './waits.js';

/** how long a guest is watched to stand still */
const standsStillMs = 25;

/** what even a slow disk takes */
const dumpBytesPerMs = 50_000;

/** Watches the guest run, stops it, and checks every stamped page. */
export async function verifyMemory(context: TestContext, machine: Machine): Promise<MemoryVerdict> {
  const { platform, stamped } = context;
  await waitByteChange(context, machine, platform.heartbeatAddress ?? stamped.start);
  const since = machine.qmp.events.cursor;
  await machine.qmp.execute('stop');
  await waitEvent(context, machine, 'STOP', since);
  return await verifyStopped(context, machine);
}

/**
 * Checks every stamped page of a guest that stands still.
 *
 * That nothing moves any more is shown by looking again, a while after the first look: meanwhile a running guest would
 * have stamped thousands of pages (under TCG tens of them in a microsecond), which would show as another generation
 * or another edge, among some of the pages as among all. The while is there for busy hosts, which may not let the guest's
 * processor run between two looks that follow each other: of 80 guests that were left running, 29 to 49 were seen to
 * move by such looks, and 78 to 80 by looks 20 ms apart.
 */
export async function verifyStopped(
  context: TestContext,
  machine: Machine,
): Promise<MemoryVerdict> {
  const { stamped } = context;
  const ram = await machine.ram(stamped, context.signal);
  const check = async (range: StampedRange): Promise<MemoryVerdict> => {
    await context.interference.beforeCheck?.(machine, context);
    return await ram.checkStopped(range, { signal: context.signal });
  };
  const few = sparse(stamped);
  const beats = await heartbeats(context, ram);
  const lookedAtMs = performance.now();
  const before = few === undefined ? undefined : await check(few);
  const verdict = await check(stamped);
  const first = before ?? verdict;
  await pause(Math.max(0, lookedAtMs + standsStillMs - performance.now()), context.signal);
  const again = await check(few ?? stamped);
  const beatsAgain = await heartbeats(context, ram);
  if (stateOf(first) !== stateOf(again) || !beats.equals(beatsAgain)) {
    throw new HarnessError({
      code: 'memory-moves',
      blame: 'contract',
      message: `guest memory on the ${machine.side} changed although the guest is stopped`,
      side: machine.side,
      waitedFor: stateOf(first),
      lastSeen: stateOf(again),
    });
  }
  if (!verdict.intact) await dump(context, machine);
  return verdict;
}

/** So many pages apart, and the rest of memory is told by them: a running guest's edge passes thousands between two looks. */
const sparseness = [64, 16];

/** Every 64th or 16th page, which are stamped in the same order; undefined where only all of them together can be judged. */
function sparse(stamped: StampedRange): StampedRange | undefined {
  const { start, end, stamp = 'byte', writers = 1, hole } = stamped;
  if (stamp !== 'byte' || writers !== 1 || hole !== undefined) return undefined;
  const step = sparseness.map((pages) => stamped.step * pages).find((s) => (end - start) % s === 0);
  return step === undefined ? undefined : { start, end, step };
}

/** the counters of all writers, which a guest that waits for its pace moves too; nothing where there are none */
async function heartbeats({ platform }: TestContext, ram: GuestRam): Promise<Buffer> {
  const { heartbeatAddress, writers = 1 } = platform;
  if (heartbeatAddress === undefined) return Buffer.alloc(0);
  return await ram.readBytes(heartbeatAddress, writers * guestContract.heartbeatStride);
}

/** Damaged memory is evidence: both sides' RAM is written beside the transcripts. */
async function dump(context: TestContext, damaged: Machine): Promise<void> {
  const { start, end, hole } = context.stamped;
  const pieces =
    hole === undefined
      ? [{ name: '', start, end }]
      : [
          { name: '', start, end: hole.start },
          { name: '-above', start: hole.end, end },
        ];
  for (const machine of context.machines) {
    if (machine.process.status !== undefined) continue;
    for (const piece of pieces) {
      const size = piece.end - piece.start;
      const filename = context.file(`${machine.side}${piece.name}.ram`);
      await machine.qmp
        .execute(
          'pmemsave',
          { val: piece.start, size, filename },
          { timeoutMs: 30_000 + size / dumpBytesPerMs },
        )
        .catch((error: unknown) => {
          if (machine === damaged) throw error;
        });
    }
  }
}

export interface ExpectedExit {
  readonly machine: Machine;
  /** 0: asked to quit, it goes in good order. 1: it ends itself, after a failed migration */
  readonly status: 0 | 1;
}

/** Ends machines, each of which must end as expected. */
export async function endMachines(
  context: TestContext,
  expected: readonly ExpectedExit[],
): Promise<void> {
  context.observer.phase('end');
  const problems = await Promise.all(
    expected.map(async ({ machine, status }) => await endOne(context, machine, status)),
  );
  for (const problem of problems) if (problem !== undefined) throw problem;
}

async function endOne(
  context: TestContext,
  machine: Machine,
  wanted: 0 | 1,
): Promise<HarnessError | undefined> {
  if (wanted === 1) await machine.process.waitForExit(context.patience.exitMs, context.signal);
  const early = wanted === 0 ? machine.process.status : undefined;
  const report = await machine.end();
  const { side } = machine;
  const details = [...report.stuck, ...machine.process.outputTail()];
  if (wanted === 0 && early === undefined && report.step !== 'quit') {
    return new HarnessError({
      code: 'no-orderly-exit',
      blame: 'contract',
      message: `the ${side} QEMU did not quit when asked by QMP; it took SIG${report.step.toUpperCase()}`,
      side,
      details,
    });
  }
  if (early !== undefined || report.status.code !== wanted) {
    return new HarnessError({
      code: 'wrong-exit',
      blame: 'contract',
      message: `the ${side} QEMU ${describeExit(report.status)}${early === undefined ? '' : ' before it was asked to'}; expected: ${wanted === 0 ? 'status 0 when asked to quit' : 'status 1, by itself'}`,
      side,
      details,
    });
  }
  return undefined;
}

/** Both must still be there, and quit with status 0 when asked. */
export async function endBoth({
  context,
  source,
  destination,
}: {
  readonly context: TestContext;
  readonly source: Machine;
  readonly destination: Machine;
}): Promise<void> {
  await endMachines(context, [
    { machine: source, status: 0 },
    { machine: destination, status: 0 },
  ]);
}

/** Fails unless a machine's guest runs, or does not run, as expected. */
export async function requireRunning(machine: Machine, running: boolean): Promise<void> {
  const answer = await machine.qmp.execute('query-status');
  if (answer['running'] === running) return;
  throw new HarnessError({
    code: running ? 'guest-not-running' : 'guest-running',
    blame: 'contract',
    message: `the guest should ${running ? '' : 'not '}run on the ${machine.side}, whose run state is ${asString(answer['status']) ?? 'unknown'}`,
    side: machine.side,
    lastSeen: JSON.stringify(answer),
  });
}
