/** `drover compare`: two benchmarks that were made one after the other. Starts no QEMU. */
import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { compareGroups } from '../../bench/compare.js';
import { benchVersion } from '../../bench/document.js';
import type { BenchDocument } from '../../bench/document.js';
import { comparisonHead, sideText } from '../../bench/rows.js';
import { comparisonLines } from '../../bench/text.js';
import { fileProblem, usageError } from '../../model/errors.js';
import { printableLine } from '../../model/text/printable.js';
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
  const common = before.scenarios.flatMap((old) => {
    const now = after.scenarios.find(({ scenario }) => scenario.name === old.scenario.name);
    return now === undefined ? [] : [{ old, now }];
  });
  if (common.length === 0) {
    throw usageError('nothing-to-compare', 'the two benchmarks have no scenario in common');
  }
  const comparisons = compareGroups(
    common.map(({ old, now }) => ({ before: old.samples, after: now.samples })),
    threshold,
  );
  const head = comparisonHead('new against old', 'samples');
  await print(
    lines([
      ...[before, after].map(({ sides }, index) =>
        printableLine(`${index === 0 ? 'old' : 'new'}: ${sides.map(sideText).join('')}`),
      ),
      ...hostDifferences(before, after).map((text) => `warning: ${printableLine(text)}`),
      ...common.flatMap(({ old, now }, index) => [
        '',
        printableLine(old.scenario.name),
        ...([old, now].some(({ isPartial }) => isPartial)
          ? ['  partial: not all samples were measured']
          : []),
        ...comparisonLines(comparisons[index] ?? [], head),
      ]),
    ]),
  );
  const isSlower = comparisons.flat().some(({ verdict }) => verdict === 'slower');
  return isSlower ? exitCodes.failed : exitCodes.passed;
}

function hostDifferences(before: BenchDocument, after: BenchDocument): string[] {
  const names = ['hostname', 'kernel', 'cpu', 'cores', 'memoryBytes', 'node'] as const;
  const states = ['governor', 'turbo', 'transparentHugePages', 'ksm', 'processorLimit'] as const;
  const pairs = [
    ...names.map((name) => [name, before.host[name], after.host[name]] as const),
    ...states.map((name) => [name, before.hostState[name], after.hostState[name]] as const),
  ];
  return pairs.flatMap(([name, old, now]) =>
    old === now
      ? []
      : [
          `the hosts differ, and the result may be theirs: ${name} was ${String(old)}, now ${String(now)}`,
        ],
  );
}

const sample = v.looseObject({ label: v.string(), pair: v.number() });
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
  scenarios: v.array(
    v.looseObject({
      scenario: v.looseObject({ name: v.string() }),
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
