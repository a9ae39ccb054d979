/** How fast a guest dirties its memory, measured by KVM's dirty ring, and the limits set on it. */
import { pause, pollUntil } from '../../model/deadline.js';
import { contractError } from '../../model/errors.js';
import { asArray, asNumber, asObject, asString } from '../../model/json.js';
import type { Json, JsonObject } from '../../model/json.js';
import type { Side } from '../../model/outcome.js';
import type { QmpClient } from '../../qmp/client.js';

/** How a test of the dirty ring starts both sides, whatever the accelerator of the run. */
export const dirtyRing = { accel: 'kvm', accelOptions: 'dirty-ring-size=4096' } as const;

/** in seconds, the shortest that QEMU takes */
const calcTime = 1;
const measureMs = 10_000;
const pollMs = 50;

/** what this file uses of a machine */
export interface Measured {
  readonly side: Side;
  readonly qmp: Pick<QmpClient, 'execute' | 'executeRaw'>;
}

/** what `query-dirty-rate` reports: still measuring, or MB/s of the first virtual processor */
export type DirtyRate =
  | { readonly kind: 'measuring' }
  | { readonly kind: 'measured'; readonly rate: number }
  | { readonly kind: 'other' };

export function readDirtyRate(answer: JsonObject): DirtyRate {
  const status = asString(answer['status']);
  if (status === 'measuring') return { kind: 'measuring' };
  const first = asObject(asArray(answer['vcpu-dirty-rate'])[0]);
  const rate = asNumber(first['dirty-rate']);
  if (status !== 'measured' || rate === undefined) return { kind: 'other' };
  return { kind: 'measured', rate };
}

/**
 * The limit on the first virtual processor in MB/s, from `query-vcpu-dirty-limit`; undefined
 * without one.
 */
export function readLimit(answer: Json): number | undefined {
  return asNumber(asObject(asArray(answer)[0])['limit-rate']);
}

/** Measures for a second. MB/s of the first virtual processor. */
export async function measureDirtyRate(
  { qmp, side }: Measured,
  signal: AbortSignal,
  timeoutMs = measureMs,
): Promise<number> {
  await qmp.execute('calc-dirty-rate', { 'calc-time': calcTime, mode: 'dirty-ring' });
  // QEMU reports `unstarted` until its thread runs
  await pause(pollMs, signal);
  let rate = 0;
  const poll = { waitedFor: 'measured dirty rate', side, timeoutMs, everyMs: pollMs, signal };
  await pollUntil(poll, async () => {
    const answer = await qmp.execute('query-dirty-rate');
    const lastSeen = JSON.stringify(answer);
    const seen = readDirtyRate(answer);
    if (seen.kind === 'measuring') return lastSeen;
    if (seen.kind === 'measured') {
      ({ rate } = seen);
      return undefined;
    }
    throw contractError('no-dirty-rate', `the ${side} measured no dirty rate by its dirty ring`, {
      side,
      waitedFor: 'status measured, with the rate of a virtual processor',
      lastSeen,
    });
  });
  return rate;
}

export async function queryLimit({ qmp }: Measured): Promise<number | undefined> {
  return readLimit(await qmp.executeRaw('query-vcpu-dirty-limit'));
}

/** The limit in force must be the one that was set. */
export async function requireLimit(machine: Measured, wanted: number): Promise<void> {
  const limit = await queryLimit(machine);
  if (limit === wanted) return;
  const { side } = machine;
  throw contractError(
    'wrong-dirty-limit',
    `the dirty limit on the ${side} is ${limit === undefined ? 'not in force' : `${limit} MB/s`} after it was set to ${wanted} MB/s`,
    {
      side,
      waitedFor: `${wanted} MB/s`,
      lastSeen: limit === undefined ? 'no limit' : `${limit} MB/s`,
    },
  );
}

export interface RatePlan {
  /** MB/s */
  readonly limit: number;
  /** under it the limit holds, over it there is none, MB/s */
  readonly border: number;
}

/** upstream's tolerance, MB/s */
const usualMargin = 25;

/**
 * Half the guest's own rate, and the tolerance for a limited guest: that of upstream, but always
 * below the guest's own rate. Undefined if the rate is too low to be halved.
 */
export function planLimit(origin: number): RatePlan | undefined {
  const limit = Math.floor(origin / 2);
  if (limit < 4) return undefined;
  return { limit, border: limit + Math.min(usualMargin, Math.floor(limit / 2)) };
}
