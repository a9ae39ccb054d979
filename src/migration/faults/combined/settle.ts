/** Waits until a disturbed migration has ended, or nothing happens any more. */
import { pollUntil } from '../../../model/deadline.js';
import { endStatuses } from '../../../model/outcome.js';
import { soon } from '../../deadlines.js';
import type { Pair } from '../../pair.js';
import { lastStatus } from '../side-state.js';

/** QEMU sends all the time until something keeps it from sending */
const quietMs = 500;
const lookMs = 25;
/** a migration that must complete may have to wait for a busy host */
const patienceMs = 20_000;

const over = [...endStatuses, 'postcopy-paused'];

/** @param mustEnd it may only end by itself: a pause is no end */
export async function untilSettled(pair: Pair, mustEnd: boolean): Promise<void> {
  const { context, source, destination } = pair;
  const { signal, deadlines } = context;
  const mostMs = soon(mustEnd ? patienceMs : quietMs, context);
  const isOver = (machine: typeof source): boolean =>
    machine.process.status !== undefined || over.includes(lastStatus(machine) ?? '');
  let last = '';
  let sinceMs = performance.now();
  const poll = { waitedFor: 'end of the migration, or of all that happens', everyMs: lookMs };
  await pollUntil({ ...poll, timeoutMs: deadlines.statusMs, signal }, () => {
    if (isOver(source) && isOver(destination)) return undefined;
    const bytes = (pair.wire?.connections ?? []).map(
      ({ toward: { source: back, destination: forth } }) =>
        `${forth.takenBytes}/${forth.passedBytes}/${back.takenBytes}`,
    );
    const states = [source, destination].map(
      (machine) => machine.process.status?.code ?? lastStatus(machine) ?? 'none',
    );
    const seen = [...states, ...bytes].join(', ');
    if (seen !== last) sinceMs = performance.now();
    last = seen;
    return performance.now() - sinceMs >= mostMs ? undefined : seen;
  });
}
