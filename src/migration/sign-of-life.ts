/**
 * Waits for a guest's sign of life after a migration. The memory of a dead guest stands still while
 * QEMU emulates the processor, or while no thread of QEMU runs: that shows in seconds, long before
 * the deadline.
 */
import { Cancelled, pause } from '../model/deadline.js';
import { contractError, HarnessError } from '../model/errors.js';
import type { JsonObject } from '../model/json.js';
import { pagesOf } from '../model/stamps.js';
import type { MemoryVerdict } from '../model/verdict.js';
import { describeThreads, processStat, processorUse } from '../qemu/proc-stat.js';
import type { TestMachine } from './context.js';
import { otherSlowness } from './deadlines.js';
import { waitTimers } from './timer-rounds.js';
import { waitEvent, waitSerial } from './waits.js';
import { verifyStopped } from './verify.js';

/** almost every guest shows itself before */
const graceMs = 1000;
const glanceMs = 1000;
/**
 * A pass over memory takes a guest some 30 ms of processor time, and ten times that where it is
 * slow.
 */
const deadWorkMs = 5000;
/** a guest that waits for its pace, or whose QEMU waits for a disk, is idle for less */
const deadIdleMs = 10_000;

/**
 * Two signs of life: the first may be an old one, the second comes only after a pass on this
 * machine. Then two rounds of its timers.
 */
export async function waitSigns(machine: TestMachine): Promise<void> {
  const { context } = machine;
  const over = new AbortController();
  const signal = AbortSignal.any([context.signal, over.signal]);
  const signs = async (): Promise<void> => {
    await waitSerial(machine, 0, signal);
    await waitSerial(machine, machine.serial.length, signal);
    await waitTimers(machine, signal);
  };
  const ends = [signs(), death(machine, signal)];
  try {
    await Promise.race(ends);
  } finally {
    over.abort(new Cancelled());
    await Promise.allSettled(ends);
  }
}

/** Fails as soon as the guest is dead. */
async function death(machine: TestMachine, signal: AbortSignal): Promise<never> {
  const { context, side } = machine;
  const { platform, stamped, plan } = context;
  // The counter of a guest that keeps a pace counts its waits, too.
  const isPaced = platform.pacePagesPerSecond !== undefined;
  const passMs = (1000 * pagesOf(platform.range)) / (platform.pacePagesPerSecond ?? Infinity);
  const address =
    isPaced && passMs < deadWorkMs / 2
      ? stamped.start
      : (platform.heartbeatAddress ?? stamped.start);
  await pause(graceMs, signal);
  // The signal of the test: machine keeps the memory for later waits.
  const ram = await machine.ram(stamped, context.signal);
  // Only the source's guest was measured; another QEMU, or a tool around it, may be many times
  // slower.
  const { source, destination } = plan;
  const factor = plan.slowness * (source.command === destination.command ? 1 : otherSlowness);
  // QEMU itself, not a program around it
  const { pid } = machine;
  let last = glance(pid);
  let idleMs = 0;
  for (;;) {
    const beganMs = performance.now();
    const moved = await ram.watch({
      address,
      width: 1,
      until: 'advances',
      value: 1n,
      timeoutMs: glanceMs,
      signal,
    });
    const now = glance(pid);
    // A person or a signal may keep QEMU from running.
    const excused = moved.met || now.stopped || plan.debug !== undefined;
    if (excused) last = now;
    // A host that stood still as a whole counts as one glance.
    idleMs =
      excused || now.runnable ? 0 : idleMs + Math.min(performance.now() - beganMs, 2 * glanceMs);
    if (excused) await pause(glanceMs, signal);
    const workedMs = now.usedMs - last.usedMs;
    if (workedMs < deadWorkMs * factor && idleMs < deadIdleMs * factor) continue;
    throw contractError('guest-dead', `the guest is dead on the ${side}`, {
      side,
      waitedFor: 'a change of its memory',
      lastSeen: `none while QEMU used ${(workedMs / 1000).toFixed(1)} s of processor time`,
      details: [...describeThreads(pid), ...(await runState(machine))],
    });
  }
}

/** What a dead guest's processor does, in QEMU's words. */
async function runState(machine: TestMachine): Promise<string[]> {
  const ask = async (command: string, args?: JsonObject): Promise<string> => {
    const answer = await machine.qmp.executeRaw(command, args).catch(String);
    return typeof answer === 'string' ? answer : JSON.stringify(answer);
  };
  const { starts, signs } = machine.serial;
  const registers = await ask('human-monitor-command', { 'command-line': 'info registers' });
  return [
    `query-status: ${await ask('query-status')}; serial port: ${starts} starts, ${signs} signs of life`,
    ...registers.split(/\r?\n/).slice(0, registerLines),
  ];
}

/** the first ones have the program counter, and whether the processor is halted */
const registerLines = 8;

interface Glance {
  readonly usedMs: number;
  readonly runnable: boolean;
  /** by a debugger or a signal */
  readonly stopped: boolean;
}

function glance(pid: number): Glance {
  const { usedMs = 0, runnable = false } = processorUse(pid) ?? {};
  return { usedMs, runnable, stopped: /[Tt]/.test(processStat(pid)?.state ?? '') };
}

/** what a guest with damaged memory does */
const deaths = [
  'guest-dead',
  'guest-started-over',
  'processor-state-lost',
  'timer-state-lost',
  'serial-garbage',
  'deadline',
];

/**
 * Waits until the guest is known to run. If it does not, damage in its memory is the reason, and
 * what to report.
 * @returns the verdict on damaged memory; undefined when the guest runs
 * @throws HarnessError when it does not run and its memory is intact, or cannot be checked
 */
export async function damageOfSilent(
  machine: TestMachine,
  runs: () => Promise<void> = async () => {
    await waitSigns(machine);
  },
): Promise<MemoryVerdict | undefined> {
  try {
    await runs();
    return undefined;
  } catch (error) {
    if (!(error instanceof HarnessError) || !deaths.includes(error.code)) throw error;
    if (error.input.side !== machine.side) throw error;
    // A guest that starts over begins by clearing its memory.
    if (machine.spec.incoming !== undefined && machine.serial.starts > 0) throw error;
    machine.context.observer.phase('verify');
    const verdict = await stopAndVerify(machine).catch((cause: unknown) => {
      const why = cause instanceof Error ? cause.message : String(cause);
      const details = [...(error.input.details ?? []), `its memory could not be checked: ${why}`];
      throw new HarnessError({ ...error.input, details });
    });
    if (verdict.intact) throw error;
    return verdict;
  }
}

async function stopAndVerify(machine: TestMachine): Promise<MemoryVerdict> {
  const { running } = await machine.qmp.execute('query-status');
  if (running === true) {
    const since = machine.qmp.events.cursor;
    await machine.qmp.execute('stop');
    await waitEvent(machine, 'STOP', since);
  }
  return await verifyStopped(machine);
}
