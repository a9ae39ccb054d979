/**
 * The steps by which QEMU throttles a guest that dirties its memory too fast: how much it says that
 * it throttles, when the first step has to come, and how large the second is.
 */
import type { HarnessError } from '../../../model/errors.js';
import { contractError } from '../../../model/errors.js';
import { noEffect } from '../../../migration/effects.js';
import type { Pair } from '../../../migration/pair.js';
import { requireSleep } from './vcpu-sleep.js';

const longMs = 1000;
const mostLong = 6;

/** percent, as QEMU reports it; 0 where it does not throttle */
export async function throttleOf({ source }: Pick<Pair, 'source'>): Promise<number> {
  const answer = await source.qmp.execute('query-migrate');
  return Number(answer['cpu-throttle-percentage'] ?? 0);
}

export function outOfRange(wanted: string, found: number): HarnessError {
  return contractError(
    'wrong-throttle',
    `auto-converge throttles the guest by ${found} percent; expected: ${wanted}`,
    { side: 'source', waitedFor: wanted, lastSeen: String(found) },
  );
}

/**
 * QEMU looks whether to throttle once a second, at the end of an iteration, and does if the guest
 * was too fast twice. The guest writes all its memory in each of these.
 */
export class Patience {
  #lastMs: number | undefined;
  #long = 0;

  /** Fails if there were too many without the step. */
  iteration(startMs: number): void {
    if (this.#lastMs !== undefined && startMs - this.#lastMs > longMs) this.#long += 1;
    this.#lastMs = startMs;
    if (this.#long < mostLong) return;
    const wanted = `a step of throttling within ${mostLong} iterations of more than a second`;
    throw noEffect('capability auto-converge', wanted, 'none');
  }
}

interface Steps {
  readonly parameters: Readonly<Record<string, boolean | number>>;
  /** percent */
  readonly first: number;
  /** what the second has to be, in words and as a check */
  readonly second: string;
  readonly isSecond: (percent: number) => boolean;
}

/**
 * By the increment alone the second step would be the most that QEMU can throttle. With
 * `cpu-throttle-tailslow` it is the smaller the less of what it sends the guest dirties again: of
 * the 40 percent that the guest may still run, at most what is above the threshold.
 */
export const smallerSteps: Steps = {
  parameters: {
    'throttle-trigger-threshold': 25,
    'cpu-throttle-tailslow': true,
    'cpu-throttle-initial': 60,
    'cpu-throttle-increment': 99,
  },
  first: 60,
  second: 'a second step to less than 99 percent',
  isSecond: (percent) => percent > 60 && percent < 99,
};

/** By the increment alone the second step would be to 90 percent. */
export const stepsToLimit: Steps = {
  parameters: {
    'throttle-trigger-threshold': 10,
    'max-cpu-throttle': 60,
    'cpu-throttle-initial': 40,
    'cpu-throttle-increment': 50,
  },
  first: 40,
  second: 'a second step to max-cpu-throttle, 60 percent',
  isSecond: (percent) => percent === 60,
};

/** Waits until QEMU throttles the guest and then throttles it more, and checks by how much. */
export async function waitSteps(pair: Pair, steps: Steps, signal: AbortSignal): Promise<void> {
  const first = await waitStep(pair, 0, signal);
  if (first !== steps.first) throw outOfRange(`a first step to ${steps.first} percent`, first);
  await requireSleep(pair.source, first);
  const second = await waitStep(pair, first, signal);
  if (!steps.isSecond(second)) throw outOfRange(steps.second, second);
}

/** @returns percent, once it is not `before` any more */
async function waitStep(pair: Pair, before: number, signal: AbortSignal): Promise<number> {
  const patience = new Patience();
  const { events } = pair.source.qmp;
  const follow = events.follow({
    what: `an iteration after which the guest is throttled by other than ${before} percent`,
    since: before === 0 ? 0 : events.cursor,
    timeoutMs: pair.context.deadlines.statusMs,
    signal,
  });
  for await (const { name, receivedAtMs } of follow) {
    if (name !== 'MIGRATION_PASS') continue;
    const throttle = await throttleOf(pair);
    if (throttle !== before) return throttle;
    patience.iteration(receivedAtMs);
  }
  return before;
}
