/**
 * In which state a side of a migration is: by QEMU's answer, and by its guest's memory, which a
 * running guest changes all the time. The two must agree.
 */
import { contractError, HarnessError } from '../../model/errors.js';
import { asString } from '../../model/json.js';
import type { JsonObject } from '../../model/json.js';
import type { SideState } from '../../model/fault-report.js';
import { describeExit } from '../../qemu/spawn.js';
import type { TestMachine } from '../context.js';
import { soon } from '../deadlines.js';
import { waitByteChange } from '../waits.js';

/** a running guest passes over all its memory several times meanwhile */
const stillMs = 200;
/** what QEMU has received but not read yet may still change memory */
const calmsWithinMs = 10_000;
/** a slow answer means one more look */
const answersWithinMs = 2000;

export interface Observed {
  readonly state: SideState;
  /** QEMU's run state; undefined when it did not answer */
  readonly runState?: string | undefined;
}

/** What is known about the machines that Drover observes. */
export interface Observing {
  /** Drover has killed them, or taken from them what they cannot do without */
  readonly killed?: ReadonlySet<TestMachine> | undefined;
  /**
   * The destination may lack pages, for which a reader of its memory would wait as its guest does.
   */
  readonly isPostcopy?: boolean | undefined;
}

/** Where a side is now; it may end while Drover looks. */
export async function observe(machine: TestMachine, known: Observing = {}): Promise<Observed> {
  const { killed, isPostcopy = false } = known;
  if (killed?.has(machine) === true && machine.process.status !== undefined)
    return { state: 'gone' };
  try {
    if (isPostcopy && machine.side === 'destination' && lastStatus(machine) !== 'completed') {
      // throws once it is gone
      const answer = await askStatus(machine);
      return { state: 'incomplete', runState: asString(answer?.['status']) };
    }
    return await look(machine);
  } catch (error) {
    if (!(await machine.endedByItself())) throw error;
    if (killed?.has(machine) !== true) requireOrderlyExit(machine);
    return { state: 'gone' };
  }
}

/** of its migration, by its events */
export function lastStatus({ qmp }: TestMachine): string | undefined {
  const event = qmp.events.all.findLast(({ name }) => name === 'MIGRATION');
  return asString(event?.data['status']);
}

/** QEMU's answer and memory are looked at one after the other: what changes in between is seen. */
async function look(machine: TestMachine): Promise<Observed> {
  const { context, side } = machine;
  const deadline = performance.now() + soon(calmsWithinMs, context);
  for (;;) {
    const answer = await askStatus(machine);
    const runState = asString(answer?.['status']);
    if (answer?.['running'] === true) {
      // A deadline, since a busy host may not run the guest for a while.
      await waitByteChange(machine, context.stamped.start);
      return { state: 'runs', runState };
    }
    if (await standsStill(machine)) {
      const isSilent = runState === undefined && machine.spec.incoming !== undefined;
      return { state: runState === 'inmigrate' || isSilent ? 'incomplete' : 'paused', runState };
    }
    if (performance.now() < deadline) continue;
    throw contractError(
      'guest-running',
      `the guest runs on the ${side}, whose run state is ${runState ?? 'unknown: QMP does not answer'}`,
      { side, waitedFor: 'memory that stands still', lastSeen: JSON.stringify(answer) },
    );
  }
}

/** @returns undefined when QEMU does not answer in time */
async function askStatus({ qmp, context }: TestMachine): Promise<JsonObject | undefined> {
  const timeoutMs = soon(answersWithinMs, context);
  try {
    return await qmp.execute('query-status', undefined, { timeoutMs });
  } catch (error) {
    if (error instanceof HarnessError && error.code === 'deadline') return undefined;
    throw error;
  }
}

/** Memory that changes all the time belongs to a guest that runs, whatever QEMU says. */
async function standsStill(machine: TestMachine): Promise<boolean> {
  const { stamped, signal } = machine.context;
  const ram = await machine.ram(stamped, signal);
  const { met } = await ram.watch({
    address: stamped.start,
    width: 1,
    until: 'advances',
    value: 1n,
    timeoutMs: stillMs,
    signal,
  });
  return !met;
}

/** A destination whose stream is damaged exits with status 1; anything else is a crash. */
function requireOrderlyExit({ side, process }: TestMachine): void {
  const { status } = process;
  if (status === undefined || (side === 'destination' && status.code === 1)) return;
  throw contractError(
    'wrong-exit',
    `the ${side} QEMU ${describeExit(status)}; expected: ${side === 'source' ? 'it goes on' : 'status 1, or it goes on'}`,
    { side, details: process.outputTail() },
  );
}
