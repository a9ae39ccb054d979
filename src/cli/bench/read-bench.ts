/** Reads what `drover bench --json` wrote. */
import { openSync, closeSync, readFileSync, readSync, statSync } from 'node:fs';
import * as v from 'valibot';
import { benchVersion } from '../../bench/document.js';
import type { BenchDocument } from '../../bench/document.js';
import { benchVerdicts } from '../../bench/verdict.js';
import { accelerators } from '../../model/arch.js';
import { fileProblem, usageError } from '../../model/errors.js';

const number = v.optional(v.number());
const label = v.picklist(['A', 'B']);
const side = v.picklist(['source', 'destination']);
const timeline = v.looseObject({
  marks: v.array(v.looseObject({ atMs: v.number(), name: v.string(), side })),
  progress: v.array(
    v.looseObject({
      atMs: v.number(),
      remainingBytes: number,
      transferredBytes: number,
      dirtyPagesPerSecond: number,
      megabitsPerSecond: number,
      throttlePercent: number,
      expectedDowntimeMs: number,
    }),
  ),
  guestSpeed: v.optional(
    v.looseObject({ fromMs: v.number(), binMs: v.number(), pages: v.array(v.number()) }),
  ),
  processor: v.array(v.looseObject({ side, threads: v.string(), ms: v.number() })),
  downtimeParts: v.array(
    v.looseObject({
      side,
      name: v.string(),
      kind: v.picklist(['step', 'device']),
      ms: v.number(),
    }),
  ),
  faultLatency: v.optional(v.array(v.number())),
});
const sample = v.looseObject({
  label,
  pair: v.number(),
  measured: v.optional(v.objectWithRest({ isForced: v.optional(v.boolean()) }, v.number())),
  timeline: v.optional(timeline),
  failure: v.optional(
    v.looseObject({
      kind: v.picklist(['failed', 'broken']),
      code: v.string(),
      message: v.string(),
      directory: v.optional(v.string()),
    }),
  ),
});
const shape = v.looseObject({
  version: v.literal(benchVersion),
  drover: v.string(),
  time: v.string(),
  seed: v.number(),
  rerun: v.optional(v.string()),
  threshold: v.number(),
  isSelfTest: v.boolean(),
  isPartial: v.boolean(),
  isUnfinished: v.optional(v.boolean()),
  sides: v.array(
    v.looseObject({
      label,
      qemu: v.looseObject({
        version: v.string(),
        package: v.string(),
        command: v.string(),
        arch: v.string(),
        digest: v.optional(v.string()),
      }),
      parameters: v.record(v.string(), v.union([v.string(), v.number(), v.boolean()])),
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
  hostState: v.looseObject({
    load: number,
    steal: number,
    governor: v.optional(v.string()),
    turbo: v.optional(v.boolean()),
    transparentHugePages: v.optional(v.string()),
    ksm: v.optional(v.boolean()),
    processorLimit: number,
  }),
  warnings: v.array(v.string()),
  pairs: v.number(),
  untilWidth: v.optional(
    v.pipe(v.number(), v.finite(), v.gtValue(0, 'expected a share above 0, such as 0.05')),
  ),
  scenarios: v.array(
    v.looseObject({
      scenario: v.looseObject({ name: v.string() }),
      skipped: v.optional(v.string()),
      machine: v.string(),
      accel: v.picklist(accelerators),
      isPartial: v.boolean(),
      samples: v.array(sample),
      comparisons: v.array(
        v.looseObject({
          figure: v.string(),
          samples: v.number(),
          change: v.number(),
          low: number,
          high: number,
          p: v.number(),
          verdict: v.picklist(benchVerdicts),
          samplesNeeded: number,
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
  const parsed = v.safeParse(shape, value);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const field = (issue.path ?? []).map(({ key }) => String(key)).join('.');
    const where = field === '' ? '' : `${field}: `;
    return refuse(
      `it is no benchmark of version ${benchVersion} (drover bench --json): ${where}${issue.message}`,
    );
  }
  return value as BenchDocument;
}

/**
 * By its first bytes; also after `jq -S`, which sorts the members. An event log begins otherwise.
 * @throws HarnessError `no-benchmark`: a file that cannot be read
 */
export function isBenchFile(file: string): boolean {
  const head = Buffer.alloc(256);
  try {
    // what is missing, or a folder, may be the place of a run
    if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) return false;
    const open = openSync(file, 'r');
    try {
      const length = readSync(open, head);
      return /^\s*\{\s*"(?:version|confidence)"\s*:/.test(head.toString('utf8', 0, length));
    } finally {
      closeSync(open);
    }
  } catch (cause) {
    throw usageError('no-benchmark', `cannot read ${file}: ${fileProblem(cause)}`, { cause });
  }
}
