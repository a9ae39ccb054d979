/** Waits during a migration: for a status, an event, a sign of life, a change in memory. */
import type { HarnessError } from '../model/errors.js';
import { contractError } from '../model/errors.js';
import { markerValue } from '../model/arch.js';
import { Cancelled, timeoutError } from '../model/deadline.js';
import { asString } from '../model/json.js';
import type { JsonObject } from '../model/json.js';
import type { GuestRam } from '../memory/guest-ram.js';
import type { EventCursor } from '../qmp/events.js';
import type { TestMachine } from './context.js';
import { hex } from '../model/text/format.js';

export interface StatusGoal {
  readonly goal: string;
  /**
   * statuses that may come before the goal; any other is a failure. Undefined: all but failed and
   * completed
   */
  readonly through?: readonly string[];
  readonly since: EventCursor;
  /** default: the deadline of a status */
  readonly timeoutMs?: number | undefined;
}

/**
 * Waits until a migration reaches a status, by the MIGRATION events since a cursor; polling could
 * miss a status that lasts only a moment.
 * @returns the answer of query-migrate after that
 */
export async function waitStatus(machine: TestMachine, wanted: StatusGoal): Promise<JsonObject> {
  const { goal, through } = wanted;
  const { deadlines, signal } = machine.context;
  const timeoutMs = Math.min(wanted.timeoutMs ?? Infinity, deadlines.statusMs);
  const deadline = performance.now() + timeoutMs;
  const seen: string[] = [];
  const follow = machine.qmp.events.follow({
    what: `migration status ${goal}`,
    since: wanted.since,
    timeoutMs,
    signal,
  });
  for await (const event of follow) {
    const status = event.name === 'MIGRATION' ? asString(event.data['status']) : undefined;
    if (status !== undefined) {
      seen.push(status);
      if (status === goal) return await machine.qmp.execute('query-migrate');
      const allowed =
        through === undefined
          ? !['failed', 'completed'].includes(status)
          : through.includes(status);
      if (!allowed) throw await wrongStatus(machine, goal, seen);
    }
    if (performance.now() > deadline) break;
  }
  throw timeoutError({
    waitedFor: `migration status ${goal}`,
    timeoutMs,
    lastSeen: seen.join(', '),
    side: machine.side,
  });
}

export async function wrongStatus(
  machine: TestMachine,
  goal: string,
  seen: string[],
): Promise<HarnessError> {
  const last = seen.at(-1) ?? 'none';
  const answer = await machine.qmp.execute('query-migrate').catch((): JsonObject => ({}));
  const why = asString(answer['error-desc']);
  return contractError(
    'wrong-status',
    `migration went to ${last} on the ${machine.side} instead of ${goal}${why === undefined ? '' : `: ${why}`}`,
    {
      side: machine.side,
      waitedFor: `migration status ${goal}`,
      lastSeen: seen.join(', '),
      details: machine.process.outputTail(),
    },
  );
}

/** Waits for a named event since a cursor. */
export async function waitEvent(
  machine: TestMachine,
  name: string,
  since: EventCursor,
  timeoutMs: number = machine.context.deadlines.eventMs,
): Promise<void> {
  const { signal } = machine.context;
  await machine.qmp.events.wait((event) => event.name === name, {
    what: `event ${name}`,
    since,
    timeoutMs,
    signal,
  });
}

/** Waits for the guest's next sign of life on the serial port. */
export async function waitSerial(
  { serial, context }: TestMachine,
  since = 0,
  signal: AbortSignal = context.signal,
): Promise<void> {
  const { deadlines } = context;
  await serial.waitForB({ since, timeoutMs: deadlines.serialMs, signal });
}

export interface IterationGoal {
  /** whole iterations over memory */
  readonly iterations: number;
  readonly since: EventCursor;
  readonly signal?: AbortSignal;
}

/**
 * Waits until `iterations` of them have ended: QEMU reports the beginning of each, the first is
 * number 1.
 */
export async function waitIterations(source: TestMachine, goal: IterationGoal): Promise<void> {
  const { deadlines, signal } = source.context;
  const wanted = goal.iterations + 1;
  await source.qmp.events.wait(
    ({ name, data }) => name === 'MIGRATION_PASS' && Number(data['pass']) >= wanted,
    {
      what: `event MIGRATION_PASS ${wanted}`,
      since: goal.since,
      timeoutMs: deadlines.statusMs,
      signal: goal.signal ?? signal,
    },
  );
}

/** Writes a value to source memory where the guest never writes. */
export async function plantMarker(source: TestMachine): Promise<void> {
  const marker = Buffer.alloc(8);
  // not `writeq`, whose byte order is that of the guest
  marker.writeBigUInt64LE(markerValue);
  await source.qtest.write(source.context.platform.markerAddress, marker);
}

/** Does `work`; fails at once if one of the two QEMUs ends. */
export async function whileAlive<T>(
  { source, destination }: { readonly source: TestMachine; readonly destination: TestMachine },
  work: () => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const signal = AbortSignal.any([source.context.signal, over.signal]);
  // only the loss of the connection or the end of the work ends these waits
  const losses = [source, destination].map(async ({ qmp }) => {
    const timeoutMs = 2 ** 31 - 1;
    await qmp.events.wait(() => false, { what: 'loss of a QEMU', since: 0, timeoutMs, signal });
    throw new Cancelled();
  });
  try {
    return await Promise.race([work(), ...losses]);
  } finally {
    over.abort(new Cancelled());
    await Promise.allSettled(losses);
  }
}

/** Waits until the marker is in the destination's memory. */
export async function waitMarker(
  destination: TestMachine,
  signal: AbortSignal = destination.context.signal,
): Promise<void> {
  const { platform, deadlines } = destination.context;
  const ram = await destination.ram(platform.range, signal);
  const result = await ram.watch({
    address: platform.markerAddress,
    width: 8,
    until: 'equals',
    value: markerValue,
    timeoutMs: deadlines.memoryMs,
    signal,
  });
  if (result.met) return;
  throw timeoutError({
    waitedFor: `marker at ${hex(platform.markerAddress)}`,
    timeoutMs: deadlines.memoryMs,
    lastSeen: hex(result.last),
    side: 'destination',
  });
}

export interface PassesOfGuest {
  readonly ram: GuestRam;
  /** of a page that is stamped */
  readonly address: number;
  readonly passes: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Waits for this many passes of a guest, which the first byte of a page counts. */
export async function waitGuestPasses(
  machine: TestMachine,
  { ram, address, passes, timeoutMs, signal }: PassesOfGuest,
): Promise<void> {
  const { met, advanced } = await ram.watch({
    address,
    width: 1,
    until: 'advances',
    value: BigInt(passes),
    timeoutMs,
    signal,
  });
  if (met) return;
  throw timeoutError({
    waitedFor: `${passes} passes of the guest over its memory from ${hex(address)} on`,
    timeoutMs,
    lastSeen: `${advanced} passes`,
    side: machine.side,
  });
}

/** Waits until the byte at an address changes: proof that a guest writes its memory. */
export async function waitByteChange(
  machine: TestMachine,
  address: number,
  signal: AbortSignal = machine.context.signal,
): Promise<void> {
  const { platform, deadlines } = machine.context;
  const ram = await machine.ram(platform.range, signal);
  const result = await ram.watch({
    address,
    width: 1,
    // every change is an advance
    until: 'advances',
    value: 1n,
    timeoutMs: deadlines.memoryMs,
    signal,
  });
  if (result.met) return;
  throw timeoutError({
    waitedFor: `change of the guest's byte at ${hex(address)}`,
    timeoutMs: deadlines.memoryMs,
    lastSeen: String(result.last),
    side: machine.side,
  });
}
