/**
 * Checks after a round: memory is intact, the guest runs at the destination only, and was not
 * reset.
 */
import { contractError } from '../../model/errors.js';
import { stateOf } from '../../model/verdict.js';
import type { MemoryVerdict, SliceVerdict } from '../../model/verdict.js';
import { guestContract } from '../../guest/contract.js';
import type { TestMachine } from '../context.js';
import { requireRunning, requireStarts, verifyStopped } from '../verify.js';
import { waitByteChange, waitEvent } from '../waits.js';

export interface Arrival {
  readonly from: TestMachine;
  readonly to: TestMachine;
  /** the verdict on the same guest after the previous round */
  readonly before: MemoryVerdict | undefined;
}

/**
 * Checks the guest before it runs at the destination, since a running guest overwrites damage; then
 * starts it.
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

/** Not for stamp kind byte, whose generations wrap. */
function requireGrowth(before: MemoryVerdict, now: MemoryVerdict, machine: TestMachine): void {
  if (now.stamp === 'byte') return;
  const earlier = before.slices;
  if (now.slices.every((slice, writer) => isFurther(slice, earlier[writer]))) return;
  throw contractError('guest-stands-still', 'a writer made no progress since the previous round', {
    side: machine.side,
    waitedFor: `more than ${stateOf(before)}`,
    lastSeen: stateOf(now),
  });
}

function isFurther(now: SliceVerdict, before: SliceVerdict | undefined): boolean {
  if (before === undefined || now.generation > before.generation) return true;
  // without an edge the guest has just completed a pass
  const place = ({ edge, end }: SliceVerdict): number => edge ?? end;
  return now.generation === before.generation && place(now) >= place(before);
}
