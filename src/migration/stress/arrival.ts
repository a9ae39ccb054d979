/** Checks after a round: memory is intact, the guest runs at the destination only, and was not reset. */
import { HarnessError } from '../../model/errors.js';
import { stateOf } from '../../model/verdict.js';
import type { MemoryVerdict, SliceVerdict } from '../../model/verdict.js';
import { guestContract } from '../../guest/contract.js';
import type { TestMachine } from '../context.js';
import { requireRunning, requireStarts, verifyStopped } from '../verify.js';
import { waitByteChange, waitEvent } from '../waits.js';

export interface Arrival {
  readonly from: TestMachine;
  readonly to: TestMachine;
  /** what was found of the same guest a round before */
  readonly before: MemoryVerdict | undefined;
}

/**
 * The guest is checked as it has arrived, before it runs: one that goes on writes over what is damaged. It runs when this is
 * done.
 */
export async function checkArrival(arrival: Arrival): Promise<MemoryVerdict> {
  const { from, to, before } = arrival;
  await requireRunning(from, false);
  await requireRunning(to, false);
  const verdict = await verifyStopped(to);
  if (!verdict.intact) return verdict;
  if (before !== undefined) requireGrowth(before, verdict, to);
  const since = to.qmp.events.cursor;
  await to.qmp.execute('cont');
  await waitEvent(to, 'RESUME', since);
  await requireProgress(to);
  requireStarts(to, 0);
  // Neither side's memory shows that both guests run; query-status does.
  await requireRunning(from, false);
  return verdict;
}

/** Each writer's counter moves; where there are none, the first page does. */
async function requireProgress(machine: TestMachine): Promise<void> {
  const { platform, stamped } = machine.context;
  const { heartbeatAddress, writers = 1 } = platform;
  if (heartbeatAddress === undefined) {
    await waitByteChange(machine, stamped.start);
    return;
  }
  for (let writer = 0; writer < writers; writer++) {
    const address = heartbeatAddress + writer * guestContract.heartbeatStride;
    await waitByteChange(machine, address);
  }
}

/** Generations of bytes wrap, and say nothing here. */
function requireGrowth(before: MemoryVerdict, now: MemoryVerdict, machine: TestMachine): void {
  if (now.stamp === 'byte') return;
  const earlier = before.slices;
  if (now.slices.every((slice, writer) => isFurther(slice, earlier[writer]))) return;
  throw new HarnessError({
    blame: 'contract',
    side: machine.side,
    code: 'guest-stands-still',
    message: 'a writer made no progress since the previous round',
    waitedFor: `more than ${stateOf(before)}`,
    lastSeen: stateOf(now),
  });
}

function isFurther(now: SliceVerdict, before: SliceVerdict | undefined): boolean {
  if (before === undefined || now.generation > before.generation) return true;
  // without an edge a pass has just been completed
  const place = ({ edge, end }: SliceVerdict): number => edge ?? end;
  return now.generation === before.generation && place(now) >= place(before);
}
