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

export const patience: Patience = {
  launchMs: 30_000,
  serialMs: 60_000,
  statusMs: 120_000,
  eventMs: 60_000,
  memoryMs: 60_000,
  exitMs: 30_000,
  syncMs: 25_000,
};

/** a guest that stamps fewer pages in a second gets more time; 16 rounds of its memory */
const usualPagesPerSecond = 400_000;
/** what takes longer than this many deadlines does not run, whatever it is */
const mostSlowness = 20;

export function slownessOf(pagesPerSecond: number): number {
  return Math.min(mostSlowness, Math.max(1, usualPagesPerSecond / pagesPerSecond));
}

/** Deadlines for a run: stretched where guests run slowly, none where somebody looks at a QEMU. */
export function patienceFor({ slowness, debug }: Pick<PairPlan, 'slowness' | 'debug'>): Patience {
  if (debug !== undefined) return endlessPatience;
  const stretch = (ms: number): number => Math.round(ms * slowness);
  return {
    launchMs: stretch(patience.launchMs),
    serialMs: stretch(patience.serialMs),
    statusMs: stretch(patience.statusMs),
    eventMs: stretch(patience.eventMs),
    memoryMs: stretch(patience.memoryMs),
    exitMs: stretch(patience.exitMs),
    syncMs: stretch(patience.syncMs),
  };
}

/** for a QEMU that a person holds in a debugger, or that a tool slows down by far */
export const endlessPatience: Patience = {
  launchMs: endlessMs,
  serialMs: endlessMs,
  statusMs: endlessMs,
  eventMs: endlessMs,
  memoryMs: endlessMs,
  exitMs: endlessMs,
  syncMs: endlessMs,
};
