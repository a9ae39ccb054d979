/** Between the model's verdict and the addon's. Pure. */
import type { PageRange } from '../model/stamps.js';
import type { ByteVerdict } from '../model/verdict.js';
import type { KernelName } from '../native/task.js';
import type { NativeCheckRequest, NativeVerdict } from '../native/ram-addon.js';
import type { CheckOptions } from './guest-ram.js';

/** Enough to name every page of a badly broken guest of the usual size, and little enough to log. */
const defaultDamagedRunLimit = 8192;

export function toRequest(range: PageRange, options: CheckOptions): NativeCheckRequest {
  return {
    start: range.start,
    end: range.end,
    step: range.step,
    damagedRunLimit: options.damagedRunLimit ?? defaultDamagedRunLimit,
    kernel: options.kernel as KernelName | undefined,
    threads: options.threads,
  };
}

export function toVerdict(found: NativeVerdict, range: PageRange, source: string): ByteVerdict {
  return {
    level: 'byte',
    intact: found.damagedPages === 0,
    range: { start: range.start, end: range.end, step: range.step },
    pages: found.pages,
    generation: found.generation,
    edge: found.edge,
    damagedPages: found.damagedPages,
    damagedRuns: found.damagedRuns,
    damage: found.damage,
    upstreamLines: found.upstreamLines,
    source,
    kernel: found.kernel,
    elapsedMs: found.elapsedMs,
  };
}
