/** `drover compare`: two benchmarks that were made one after the other. Starts no QEMU. */
import type { BenchDocument } from '../../bench/document.js';
import { compareBenchmarks } from '../../bench/two-benchmarks.js';
import { usageError } from '../../model/errors.js';
import { withExamples } from '../options/help.js';
import type { AddCommand } from '../options/help.js';
import { exitCodes } from '../process/exit-codes.js';
import { lines, print } from '../process/print.js';
import { withThreshold } from './bench-options.js';
import { readBench } from './read-bench.js';

export const addCompareCommand: AddCommand = (program, _environment, finish) => {
  const command = program
    .command('compare')
    .description('compare two benchmarks of one QEMU each (bench --json)')
    .argument('<old>', 'JSON file of the earlier benchmark')
    .argument('<new>', 'JSON file of the later benchmark');
  withThreshold(command).action(
    async (before: string, after: string, options: { readonly threshold: number }) => {
      finish(await compareCommand(readOneSided(before), readOneSided(after), options.threshold));
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

/** @throws HarnessError `no-benchmark` */
function readOneSided(file: string): BenchDocument {
  const document = readBench(file);
  if (document.sides.length === 1) return document;
  throw usageError(
    'no-benchmark',
    `${file}: it compares two QEMUs already; compare takes benchmarks of one QEMU each`,
  );
}
