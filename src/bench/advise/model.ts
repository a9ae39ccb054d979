/**
 * How a migration will go: iterations of precopy whose size follows from the dirty rate over the
 * transfer rate, or one pass and postcopy. Pure; docs/reference/advise.md has the model in words.
 */
import { pageBytes } from '../bench-spec.js';

export interface Workload {
  readonly memoryBytes: number;
  /** what the guest writes, again and again; at most all of its memory */
  readonly workingSetBytes: number;
  /** of different pages, as calc-dirty-rate measures it */
  readonly dirtyBytesPerSecond: number;
  readonly networkBytesPerSecond: number;
  /** the longest downtime that is allowed */
  readonly downtimeMs: number;
}

/** What a host does in one scenario. */
export interface Speed {
  readonly isPostcopy: boolean;
  /** of guest memory, where the network is no limit */
  readonly bytesPerSecond: number;
  /** bytes on the wire for each byte of guest memory; below 1 with compression */
  readonly wireShare: number;
  readonly setupMs: number;
  /** what of the downtime does not depend on how much is left: devices, stop and start */
  readonly fixedDowntimeMs: number;
}

export interface Prediction {
  /** the rest fits into the downtime that is allowed */
  readonly converges: boolean;
  /** absent if it does not converge */
  readonly totalMs?: number | undefined;
  /** that this guest needs: if it does not converge, more than is allowed */
  readonly downtimeMs: number;
  /** iterations before the guest stops; of postcopy: one */
  readonly iterations: number;
  /** guest memory that is sent, pages that were sent before included */
  readonly sentBytes: number;
  /** guest memory per second, limited by the host or the network */
  readonly bytesPerSecond: number;
}

/** more iterations than any migration that a person waits for */
const mostIterations = 10_000;

export function predict(speed: Speed, work: Workload): Prediction {
  const { isPostcopy, wireShare, setupMs, fixedDowntimeMs } = speed;
  const { memoryBytes, dirtyBytesPerSecond, networkBytesPerSecond } = work;
  const bytesPerSecond = Math.min(speed.bytesPerSecond, networkBytesPerSecond / wireShare);
  const workingSet = Math.min(work.workingSetBytes, memoryBytes);
  const msFor = (bytes: number): number => (bytes / bytesPerSecond) * 1000;
  const dirtiedWhile = (bytes: number): number =>
    Math.min(workingSet, (dirtyBytesPerSecond * bytes) / bytesPerSecond);

  if (isPostcopy) {
    const sentBytes = memoryBytes + dirtiedWhile(memoryBytes);
    return {
      converges: fixedDowntimeMs <= work.downtimeMs,
      totalMs:
        fixedDowntimeMs <= work.downtimeMs
          ? setupMs + msFor(sentBytes) + fixedDowntimeMs
          : undefined,
      downtimeMs: fixedDowntimeMs,
      iterations: 1,
      sentBytes,
      bytesPerSecond,
    };
  }
  const room = (Math.max(0, work.downtimeMs - fixedDowntimeMs) / 1000) * bytesPerSecond;
  // of less than a page nothing is left
  const whole = (bytes: number): number => (bytes < pageBytes ? 0 : bytes);
  let left = whole(memoryBytes);
  let sentBytes = 0;
  let iterations = 0;
  while (left > room) {
    const next = whole(dirtiedWhile(left));
    sentBytes += left;
    iterations += 1;
    // QEMU goes on for ever, and nothing gets less
    const isStuck = next >= left && next > room;
    left = next;
    if (!isStuck && iterations < mostIterations) continue;
    const downtimeMs = fixedDowntimeMs + msFor(left);
    return { converges: false, downtimeMs, iterations, sentBytes, bytesPerSecond };
  }
  const fits = fixedDowntimeMs <= work.downtimeMs;
  sentBytes += left;
  return {
    converges: fits,
    totalMs: fits ? setupMs + msFor(sentBytes) + fixedDowntimeMs : undefined,
    downtimeMs: fixedDowntimeMs + msFor(left),
    iterations,
    sentBytes,
    bytesPerSecond,
  };
}
