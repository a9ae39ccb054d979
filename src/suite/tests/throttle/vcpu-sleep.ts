/**
 * Whether QEMU makes a guest sleep, by Linux's count of the time that its virtual processor's
 * thread runs.
 */
import { readFileSync } from 'node:fs';
import { pause } from '../../../model/deadline.js';
import { asArray, asObject } from '../../../model/json.js';
import { noEffect } from '../../../migration/effects.js';
import type { TestMachine } from '../../../migration/context.js';

/** several times as long as QEMU lets a throttled guest sleep at once */
const watchMs = 500;
const mostWatchMs = 5000;
/** of what the throttle says: on a busy host QEMU's timers are late */
const leastShare = 1 / 4;

/** of the time watched */
const leastRunnable = 1 / 4;

/**
 * Milliseconds that a thread ran, and waited for a processor; undefined where this kernel does not
 * count them.
 */
function scheduled(pid: number, thread: number): { ranMs: number; waitedMs: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8');
    const [ran = 0, waited = 0] = text.split(' ').map(Number);
    return ran === 0 ? undefined : { ranMs: ran / 1e6, waitedMs: waited / 1e6 };
  } catch {
    return undefined;
  }
}

/**
 * While QEMU says that it throttles the guest by at least `percent`: it must sleep in a part of the
 * time that it could run.
 */
export async function requireSleep(
  { qmp, pid, context }: TestMachine,
  percent: number,
): Promise<void> {
  const [processor] = asArray(await qmp.executeRaw('query-cpus-fast'));
  const thread = Number(asObject(processor)['thread-id']);
  const fromMs = performance.now();
  const before = scheduled(pid, thread);
  let ranMs = 0;
  let couldRunMs = 0;
  // A thread that hardly got a processor shows nothing: then longer.
  while (couldRunMs < watchMs * leastRunnable) {
    await pause(watchMs, context.signal);
    const tookMs = performance.now() - fromMs;
    const after = scheduled(pid, thread);
    if (before === undefined || after === undefined) {
      context.observer.note?.('this kernel does not count how long the throttled guest runs');
      return;
    }
    ranMs = after.ranMs - before.ranMs;
    couldRunMs = tookMs - (after.waitedMs - before.waitedMs);
    if (tookMs > mostWatchMs) break;
  }
  if (couldRunMs < watchMs * leastRunnable) {
    context.observer.note?.('the host was too busy to see whether the throttled guest sleeps');
    return;
  }
  const slept = 100 * (1 - ranMs / couldRunMs);
  const least = percent * leastShare;
  if (slept >= least) return;
  throw noEffect(
    'capability auto-converge',
    `a virtual processor that sleeps in ${least.toFixed(0)} % of the time, throttled by ${percent} %`,
    `${slept.toFixed(0)} %`,
  );
}
