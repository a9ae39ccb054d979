/** Deadlines of the waits in a test, for hosts of usual speed and for slow ones. */
import { endlessMs } from '../model/deadline.js';
import type { PairPlan } from './plan.js';

/**
 * Deadline of each kind of wait on a host of usual speed, milliseconds. They are long, since only a
 * QEMU that hangs should reach them. The test has a deadline of its own as well.
 */
export interface Deadlines {
  readonly launchMs: number;
  readonly serialMs: number;
  readonly statusMs: number;
  readonly eventMs: number;
  readonly memoryMs: number;
  readonly exitMs: number;
  /** until QEMU synchronises the dirty bitmap again */
  readonly syncMs: number;
}

export const usualDeadlines = {
  launchMs: 30_000,
  serialMs: 60_000,
  statusMs: 120_000,
  eventMs: 60_000,
  memoryMs: 60_000,
  exitMs: 30_000,
  syncMs: 25_000,
} as const satisfies Deadlines;

/**
 * a guest that stamps fewer pages in a second gets more time: 16 passes over its memory take a
 * second at this rate
 */
const usualPagesPerSecond = 400_000;
/** a guest that needs more than this many times the deadline does not run at all */
const mostSlowness = 20;

export function slownessOf(pagesPerSecond: number): number {
  return Math.min(mostSlowness, Math.max(1, usualPagesPerSecond / pagesPerSecond));
}

/**
 * Deadlines of a run: longer where guests run slowly; none where a person stops a QEMU in a
 * debugger, or a tool makes it many times slower.
 */
export function deadlinesFor({
  slowness,
  debug,
}: Pick<PairPlan<string>, 'slowness' | 'debug'>): Deadlines {
  const limit = (ms: number): number =>
    debug === undefined ? Math.round(ms * slowness) : endlessMs;
  const limits = Object.entries(usualDeadlines).map(([name, ms]) => [name, limit(ms)] as const);
  return Object.fromEntries(limits) as Record<keyof Deadlines, number>;
}

/** how many times slower than the source a QEMU may be that runs another program */
export const otherSlowness = 4;

/**
 * A limit for what takes QEMU milliseconds.
 * @param ms on a host of usual speed
 */
export function soon(
  ms: number,
  {
    plan,
  }: { readonly plan: Pick<PairPlan<string>, 'slowness' | 'debug' | 'source' | 'destination'> },
): number {
  if (plan.debug !== undefined) return endlessMs;
  const isOneQemu = plan.source.command === plan.destination.command;
  return Math.round(ms * plan.slowness * (isOneQemu ? 1 : otherSlowness));
}
