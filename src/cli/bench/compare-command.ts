/** `drover compare`: two benchmarks that were made one after the other. Starts no QEMU. */
import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { benchVersion } from '../../bench/document.js';
import type { BenchDocument } from '../../bench/document.js';
import { compareBenchmarks } from '../../bench/two-benchmarks.js';
import { fileProblem, usageError } from '../../model/errors.js';
import { withExamples } from '../options/help.js';
import type { AddCommand } from '../options/help.js';
import { exitCodes } from '../process/exit-codes.js';
import { lines, print } from '../process/print.js';
import { withThreshold } from './bench-options.js';

export const addCompareCommand: AddCommand = (program, _environment, finish) => {
  const command = program
    .command('compare')
    .description('compare two benchmarks of one QEMU each (bench --json)')
    .argument('<old>', 'JSON file of the earlier benchmark')
    .argument('<new>', 'JSON file of the later benchmark');
  withThreshold(command).action(
    async (before: string, after: string, options: { readonly threshold: number }) => {
      finish(await compareCommand(readBench(before), readBench(after), options.threshold));
    },
  );
  withExamples(command, {
    'drover compare monday.json tuesday.json': 'is what ran on Tuesday faster or slower?',
  });
};

async function compareCommand(
  before: BenchDocument,
  after: BenchDocument,
  threshold: number,
): Promise<number> {
  const compared = compareBenchmarks(before, after, threshold);
  await print(lines(compared.lines));
  if (compared.isSlower) return exitCodes.failed;
  return compared.isComplete ? exitCodes.passed : exitCodes.incomplete;
}

const sample = v.looseObject({
  label: v.string(),
  pair: v.number(),
  measured: v.optional(v.record(v.string(), v.union([v.number(), v.boolean()]))),
  failure: v.optional(v.looseObject({ code: v.string(), message: v.string() })),
});
const shape = v.looseObject({
  version: v.literal(benchVersion),
  sides: v.array(
    v.looseObject({
      label: v.string(),
      qemu: v.looseObject({ version: v.string(), package: v.string(), command: v.string() }),
      parameters: v.record(v.string(), v.unknown()),
    }),
  ),
  host: v.looseObject({}),
  hostState: v.looseObject({}),
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
    }),
  ),
});

/** @throws HarnessError `no-benchmark` */
function readBench(file: string): BenchDocument {
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
    return refuse(`it is no benchmark of version ${benchVersion} (drover bench --json)`);
  }
  if (parsed.output.sides.length !== 1) {
    return refuse('it compares two QEMUs already; compare takes benchmarks of one QEMU each');
  }
  return value as BenchDocument;
}
