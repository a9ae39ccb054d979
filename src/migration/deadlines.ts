/** How long the waits of a test may take, on a host of usual speed and on a slow one. */
import { endlessMs } from '../model/deadline.js';
import type { PairPlan } from './plan.js';

/**
 * How long each kind of wait may take on a host of usual speed, milliseconds. Generous: they are for QEMUs that
 * hang. The test's own deadline comes on top.
 */
export interface Patience {
  readonly launchMs: number;
  readonly serialMs: number;
  readonly statusMs: number;
  readonly eventMs: number;
  readonly memoryMs: number;
  readonly exitMs: number;
  /** until QEMU looks for dirty pages again */
  readonly syncMs: number;
}

export const patience = {
  launchMs: 30_000,
  serialMs: 60_000,
  statusMs: 120_000,
  eventMs: 60_000,
  memoryMs: 60_000,
  exitMs: 30_000,
  syncMs: 25_000,
} as const satisfies Patience;

/** a guest that stamps fewer pages in a second gets more time; 16 rounds of its memory */
const usualPagesPerSecond = 400_000;
/** what takes longer than this many deadlines does not run, whatever it is */
const mostSlowness = 20;

export function slownessOf(pagesPerSecond: number): number {
  return Math.min(mostSlowness, Math.max(1, usualPagesPerSecond / pagesPerSecond));
}

/**
 * Deadlines for a run: stretched where guests run slowly; none where a person holds a QEMU in a debugger, or a tool
 * slows it down by far.
 */
export function patienceFor({ slowness, debug }: Pick<PairPlan, 'slowness' | 'debug'>): Patience {
  const limit = (ms: number): number =>
    debug === undefined ? Math.round(ms * slowness) : endlessMs;
  const limits = Object.entries(patience).map(([name, ms]) => [name, limit(ms)] as const);
  return Object.fromEntries(limits) as Record<keyof Patience, number>;
}
