/** One benchmark as one line of its host's history. Pure. */
import { createHash } from 'node:crypto';
import * as v from 'valibot';
import type { HostIdentity } from '../../model/events.js';
import type { BenchDocument, BenchSide } from '../document.js';
import { summarized } from '../exports/summary.js';
import type { FigureKey } from '../figures.js';

export const historyVersion = 1;

/** A median, and the ends of its interval where there are enough samples. */
const kept = v.object({
  median: v.number(),
  low: v.optional(v.number()),
  high: v.optional(v.number()),
});

const entryShape = v.object({
  version: v.literal(historyVersion),
  time: v.string(),
  drover: v.string(),
  host: v.object({
    hostname: v.string(),
    kernel: v.string(),
    cpu: v.string(),
    cores: v.number(),
    memoryBytes: v.number(),
    node: v.string(),
  }),
  sides: v.array(
    v.object({
      label: v.picklist(['A', 'B']),
      /** lines of earlier Drovers lack it */
      arch: v.optional(v.string()),
      version: v.string(),
      package: v.string(),
      digest: v.optional(v.string()),
      parameters: v.record(v.string(), v.union([v.string(), v.number(), v.boolean()])),
    }),
  ),
  results: v.array(
    v.object({
      scenario: v.string(),
      machine: v.string(),
      accel: v.string(),
      label: v.picklist(['A', 'B']),
      samples: v.number(),
      figures: v.record(v.string(), kept),
    }),
  ),
});

export type HistoryEntry = v.InferOutput<typeof entryShape>;
export type KeptFigure = v.InferOutput<typeof kept>;

export function entryOf(document: BenchDocument): HistoryEntry {
  const all = summarized(document);
  return {
    version: historyVersion,
    time: document.time,
    drover: document.drover,
    host: document.host,
    sides: document.sides.map(({ label, qemu, parameters }: BenchSide) => ({
      label,
      arch: qemu.arch,
      version: qemu.version,
      package: qemu.package,
      digest: qemu.digest,
      parameters,
    })),
    results: document.scenarios.flatMap((result) =>
      document.sides.flatMap(({ label }) => {
        const own = all.filter((each) => each.result === result && each.label === label);
        if (own.length === 0) return [];
        const { scenario, machine, accel } = result;
        const figures: Partial<Record<FigureKey, KeptFigure>> = {};
        for (const { figure, median, low, high } of own)
          figures[figure.key] = { median, low, high };
        const samples = Math.max(...own.map(({ count }) => count));
        return [{ scenario: scenario.name, machine, accel, label, samples, figures }];
      }),
    ),
  };
}

/** @returns undefined for what is no entry of this version */
export function entryFrom(line: string): HistoryEntry | undefined {
  try {
    const parsed = v.safeParse(entryShape, JSON.parse(line));
    return parsed.success && Number.isFinite(Date.parse(parsed.output.time))
      ? parsed.output
      : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Hosts of the same name and hardware share a history. The kernel is not part of it, since it
 * changes often; a change of it is shown. Total memory differs a little between kernels.
 */
export function historyFile({ hostname, cpu, cores, memoryBytes }: HostIdentity): string {
  const gibibytes = Math.round(memoryBytes / 2 ** 30);
  const print = createHash('sha256')
    .update(JSON.stringify([hostname, cpu, cores, gibibytes]))
    .digest('hex');
  return `${hostname.replaceAll(/[^A-Za-z0-9.-]+/g, '-').slice(0, 60)}-${print.slice(0, 8)}.jsonl`;
}
