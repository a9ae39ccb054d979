/** Reads what `drover bench --json` wrote. */
import { openSync, closeSync, readFileSync, readSync, statSync } from 'node:fs';
import * as v from 'valibot';
import { benchVersion } from '../../bench/document.js';
import type { BenchDocument } from '../../bench/document.js';
import { fileProblem, usageError } from '../../model/errors.js';

const texts = v.record(v.string(), v.unknown());
const timed = v.looseObject({ atMs: v.number() });
const timeline = v.looseObject({
  marks: v.array(v.looseObject({ atMs: v.number(), name: v.string(), side: v.string() })),
  progress: v.array(timed),
  guestSpeed: v.optional(
    v.looseObject({ fromMs: v.number(), binMs: v.number(), pages: v.array(v.number()) }),
  ),
  processor: v.array(v.looseObject({ side: v.string(), threads: v.string(), ms: v.number() })),
  downtimeParts: v.array(v.looseObject({ side: v.string(), name: v.string(), ms: v.number() })),
  faultLatency: v.optional(v.array(v.number())),
});
const sample = v.looseObject({
  label: v.picklist(['A', 'B']),
  pair: v.number(),
  measured: v.optional(v.record(v.string(), v.union([v.number(), v.boolean()]))),
  timeline: v.optional(timeline),
  failure: v.optional(v.looseObject({ code: v.string(), message: v.string() })),
});
const shape = v.looseObject({
  version: v.literal(benchVersion),
  drover: v.string(),
  time: v.string(),
  seed: v.number(),
  threshold: v.number(),
  sides: v.array(
    v.looseObject({
      label: v.picklist(['A', 'B']),
      qemu: v.looseObject({ version: v.string(), package: v.string(), command: v.string() }),
      parameters: texts,
    }),
  ),
  host: v.looseObject({
    hostname: v.string(),
    kernel: v.string(),
    cpu: v.string(),
    cores: v.number(),
    memoryBytes: v.number(),
    node: v.string(),
  }),
  hostState: texts,
  warnings: v.array(v.string()),
  pairs: v.number(),
  scenarios: v.array(
    v.looseObject({
      scenario: v.looseObject({ name: v.string() }),
      skipped: v.optional(v.string()),
      machine: v.string(),
      accel: v.string(),
      isPartial: v.boolean(),
      samples: v.array(sample),
      comparisons: v.array(
        v.looseObject({
          figure: v.string(),
          samples: v.number(),
          change: v.number(),
          p: v.number(),
          verdict: v.string(),
        }),
      ),
    }),
  ),
});

/** @throws HarnessError `no-benchmark` */
export function readBench(file: string): BenchDocument {
  const refuse = (why: string, cause?: unknown): never => {
    throw usageError('no-benchmark', `${file}: ${why}`, { cause });
  };
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    return refuse(error instanceof SyntaxError ? 'it is not JSON' : fileProblem(error), error);
  }
  if (!v.safeParse(shape, value).success) {
    return refuse(`it is no benchmark of version ${benchVersion} (drover bench --json)`);
  }
  return value as BenchDocument;
}

/** By its first bytes; also after `jq -S`, which sorts the members. An event log begins otherwise. */
export function isBenchFile(file: string): boolean {
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) return false;
  const head = Buffer.alloc(256);
  const open = openSync(file, 'r');
  try {
    const length = readSync(open, head);
    return /^\s*\{\s*"(?:version|confidence)"\s*:/.test(head.toString('utf8', 0, length));
  } finally {
    closeSync(open);
  }
}
