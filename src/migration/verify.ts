/**
 * The checks at the end of a migration: the guest runs at the destination, stops when stopped, and
 * its memory is intact. Then both QEMUs must quit when asked.
 */
import { pause } from '../model/deadline.js';
import { contractError } from '../model/errors.js';
import { asString } from '../model/json.js';
import { stateOf } from '../model/verdict.js';
import type { StampedRange } from '../model/stamps.js';
import type { MemoryVerdict } from '../model/verdict.js';
import { guestContract } from '../guest/contract.js';
import type { GuestRam } from '../memory/guest-ram.js';
import { describeExit } from '../qemu/spawn.js';
import type { TestContext, TestMachine } from './context.js';
import { waitByteChange, waitEvent } from './waits.js';

/** time between the two checks that a guest is stopped */
const standsStillMs = 25;

/** the rate of a slow disk */
const dumpBytesPerMs = 50_000;

/** Watches the guest run, stops it, and checks every stamped page. */
export async function verifyMemory(machine: TestMachine): Promise<MemoryVerdict> {
  const { platform, stamped } = machine.context;
  await waitByteChange(machine, platform.heartbeatAddress ?? stamped.start);
  const since = machine.qmp.events.cursor;
  await machine.qmp.execute('stop');
  await waitEvent(machine, 'STOP', since);
  return await verifyStopped(machine);
}

/**
 * Checks every stamped page of a stopped guest.
 *
 * A second check, a while after the first, proves that the guest is stopped: meanwhile a running
 * guest would have stamped thousands of pages (under TCG tens of them in a microsecond), and
 * another generation or edge would show that, in a part of the pages as well. A busy host may not
 * run the guest between two checks without a pause: of 80 running guests, such checks found 29 to
 * 49, and checks 20 ms apart 78 to 80.
 */
export async function verifyStopped(machine: TestMachine): Promise<MemoryVerdict> {
  const { context } = machine;
  const { stamped } = context;
  const ram = await machine.ram(stamped, context.signal);
  const few = sparse(stamped);
  const beats = await heartbeats(context, ram);
  const lookedAtMs = performance.now();
  const before = few === undefined ? undefined : await checkStopped(machine, few);
  const verdict = await checkStopped(machine);
  const first = before ?? verdict;
  await pause(Math.max(0, lookedAtMs + standsStillMs - performance.now()), context.signal);
  const again = await checkStopped(machine, few);
  const beatsAgain = await heartbeats(context, ram);
  if (stateOf(first) !== stateOf(again) || !beats.equals(beatsAgain)) {
    throw contractError(
      'memory-moves',
      `guest memory on the ${machine.side} changed although the guest is stopped`,
      { side: machine.side, waitedFor: stateOf(first), lastSeen: stateOf(again) },
    );
  }
  if (!verdict.intact) await dump(machine);
  return verdict;
}

/** One check of the stamped pages of a stopped guest. @param range default: all */
export async function checkStopped(
  machine: TestMachine,
  range: StampedRange = machine.context.stamped,
): Promise<MemoryVerdict> {
  const { stamped, signal, interference } = machine.context;
  await interference.beforeCheck?.(machine);
  return await (await machine.ram(stamped, signal)).checkStopped(range, { signal });
}

/**
 * It is enough to check pages this many pages apart: the edge of a running guest passes thousands
 * between two checks.
 */
const sparseness = [64, 16];

/**
 * Every 64th or 16th page, which the guest stamps in the same order; undefined if a verdict needs
 * all pages.
 */
function sparse(stamped: StampedRange): StampedRange | undefined {
  const { start, end, stamp = 'byte', writers = 1, hole } = stamped;
  if (stamp !== 'byte' || writers !== 1 || hole !== undefined) return undefined;
  const step = sparseness.map((pages) => stamped.step * pages).find((s) => (end - start) % s === 0);
  return step === undefined ? undefined : { start, end, step };
}

/**
 * the counters of all writers, which also move while the guest waits for its pace; empty without
 * counters
 */
async function heartbeats({ platform }: TestContext, ram: GuestRam): Promise<Buffer> {
  const { heartbeatAddress, writers = 1 } = platform;
  if (heartbeatAddress === undefined) return Buffer.alloc(0);
  return await ram.readBytes(heartbeatAddress, writers * guestContract.heartbeatStride);
}

/**
 * Damaged memory is evidence: QEMU writes the RAM of both sides to files beside the transcripts.
 */
async function dump(damaged: TestMachine): Promise<void> {
  const { context } = damaged;
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

/** 0: it quits when asked. 1: it exits by itself, after a failed migration. */
export type ExitStatus = 0 | 1;

/** Ends a machine, which must exit with the status. */
export async function endMachine(machine: TestMachine, wanted: ExitStatus = 0): Promise<void> {
  machine.context.observer.phase('end');
  await endOne(machine, wanted);
}

async function endOne(machine: TestMachine, wanted: ExitStatus): Promise<void> {
  const { deadlines, signal } = machine.context;
  if (wanted === 1) await machine.process.waitForExit(deadlines.exitMs, signal);
  const early = wanted === 0 ? machine.process.status : undefined;
  const report = await machine.end();
  const { side } = machine;
  const details = [...report.stuck, ...machine.process.outputTail()];
  if (wanted === 0 && early === undefined && report.step !== 'quit') {
    throw contractError(
      'no-orderly-exit',
      `the ${side} QEMU did not quit when asked by QMP; it took SIG${report.step.toUpperCase()}`,
      { side, details },
    );
  }
  if (early !== undefined || report.status.code !== wanted) {
    throw contractError(
      'wrong-exit',
      `the ${side} QEMU ${describeExit(report.status)}${early === undefined ? '' : ' before it was asked to'}; expected: ${wanted === 0 ? 'status 0 when asked to quit' : 'status 1, by itself'}`,
      { side, details },
    );
  }
}

/**
 * Both must still run; the source must quit with status 0 when asked, the destination exit with the
 * given status.
 */
export async function endBoth(
  { source, destination }: { readonly source: TestMachine; readonly destination: TestMachine },
  destinationStatus: ExitStatus = 0,
): Promise<void> {
  source.context.observer.phase('end');
  const ended = await Promise.allSettled([
    endOne(source, 0),
    endOne(destination, destinationStatus),
  ]);
  for (const result of ended) if (result.status === 'rejected') throw result.reason;
}

/**
 * A guest that was reset writes its memory again, and every check would pass: fails unless it
 * started this often here.
 */
export function requireStarts({ side, serial }: TestMachine, expected: number): void {
  if (serial.broken !== undefined) throw serial.broken;
  if (serial.starts === expected) return;
  throw contractError(
    'guest-restarted',
    `the guest started ${serial.starts} times on the ${side}, not ${expected}: it was reset instead of going on`,
    { side, waitedFor: `${expected} starts`, lastSeen: `${serial.starts} starts` },
  );
}

/** Fails unless a machine's guest runs, or does not run, as expected. */
export async function requireRunning(machine: TestMachine, running: boolean): Promise<void> {
  const answer = await machine.qmp.execute('query-status');
  if (answer['running'] === running) return;
  throw contractError(
    running ? 'guest-not-running' : 'guest-running',
    `the guest should ${running ? '' : 'not '}run on the ${machine.side}, whose run state is ${asString(answer['status']) ?? 'unknown'}`,
    { side: machine.side, lastSeen: JSON.stringify(answer) },
  );
}
