/** How fast a guest dirties its memory, measured by KVM's dirty ring, and the limits set on it. */
import { pause, timeoutError } from '../../model/deadline.js';
import { HarnessError } from '../../model/errors.js';
import { asArray, asNumber, asObject, asString } from '../../model/json.js';
import type { Json, JsonObject } from '../../model/json.js';
import type { Side } from '../../model/outcome.js';
import type { QmpClient } from '../../qmp/client.js';

/** How both sides of a test about the dirty ring are run, whatever accelerator the run has. */
export const dirtyRing = { accel: 'kvm', accelOptions: 'dirty-ring-size=4096' } as const;

/** in seconds, the shortest that QEMU takes */
const calcTime = 1;
const measureMs = 10_000;
const lookEveryMs = 50;

/** what is needed of a machine here */
export interface Measured {
  readonly side: Side;
  readonly qmp: Pick<QmpClient, 'execute' | 'executeRaw'>;
}

/** what `query-dirty-rate` tells: still at it, or MB/s of the first virtual processor */
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

/** The limit on the first virtual processor in MB/s, as `query-vcpu-dirty-limit` tells; undefined when there is none. */
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
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    await pause(lookEveryMs, signal);
    const answer = await qmp.execute('query-dirty-rate');
    const seen = readDirtyRate(answer);
    if (seen.kind === 'measured') return seen.rate;
    if (seen.kind === 'other') {
      throw new HarnessError({
        code: 'no-dirty-rate',
        blame: 'contract',
        message: `the ${side} measured no dirty rate by its dirty ring`,
        side,
        waitedFor: 'status measured, with the rate of a virtual processor',
        lastSeen: JSON.stringify(answer),
      });
    }
    if (performance.now() > deadline) {
      throw timeoutError({
        waitedFor: 'measured dirty rate',
        timeoutMs,
        lastSeen: JSON.stringify(answer),
        side,
      });
    }
  }
}

export async function queryLimit({ qmp }: Measured): Promise<number | undefined> {
  return readLimit(await qmp.executeRaw('query-vcpu-dirty-limit'));
}

/** The limit in force must be the one that was set. */
export async function requireLimit(machine: Measured, wanted: number): Promise<void> {
  const limit = await queryLimit(machine);
  if (limit === wanted) return;
  const { side } = machine;
  throw new HarnessError({
    code: 'wrong-dirty-limit',
    blame: 'contract',
    message: `the dirty limit on the ${side} is ${limit === undefined ? 'not in force' : `${limit} MB/s`} after it was set to ${wanted} MB/s`,
    side,
    waitedFor: `${wanted} MB/s`,
    lastSeen: limit === undefined ? 'no limit' : `${limit} MB/s`,
  });
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
 * Half the guest's own rate, and how far a limited guest may be off: as much as upstream allows, but never
 * so much that the guest's own rate would do. Undefined when the rate is too low to be halved.
 */
export function planLimit(origin: number): RatePlan | undefined {
  const limit = Math.floor(origin / 2);
  if (limit < 4) return undefined;
  return { limit, border: limit + Math.min(usualMargin, Math.floor(limit / 2)) };
}
