/**
 * `drover faults`: migrations whose network or host misbehaves, chosen so that all pairs of
 * values occur, or at random.
 */
import { Option } from 'commander';
import { combinedFaultTest } from '../../suite/tests/combined-fault-tests.js';
import { usageError } from '../../model/errors.js';
import { counted, formatCount } from '../../model/text/format.js';
import { kinds } from '../../migration/faults/combined/kinds.js';
import { allCombinations, ruleText } from '../../migration/faults/combined/incompatible.js';
import { coveringFaults, randomFaults, strengths } from '../../migration/faults/combined/choose.js';
import type { FaultLevel } from '../../migration/faults/combined/choose.js';
import { readTimings } from '../../schedule/timings-file.js';
import { noTimings } from '../../schedule/timings.js';
import { fullPath } from '../../suite/select.js';
import type { TestDefinition } from '../../suite/definition.js';
import { withExamples } from '../options/help.js';
import type { AddCommand } from '../options/help.js';
import {
  countUpTo,
  withAttemptOptions,
  withPairOptions,
  withPolicyOptions,
  withQemuOptions,
} from '../options/options.js';
import type { PolicyOptions, QemuOptions } from '../options/options.js';
import { withReportOptions } from '../options/report-options.js';
import type { Environment } from '../process/environment.js';
import { lines, noteOnStderr, print } from '../process/print.js';
import { readQuarantine } from '../run/quarantine.js';
import { FaultSummary } from './fault-summary.js';
import { resolveBinaries } from '../run/resolve-binaries.js';
import { runSelected } from '../run/run-selected.js';
import type { SelectedOptions } from '../run/run-selected.js';
import { shardArgument, shardOfEnvironment, takeShard } from '../run/shard-option.js';
import type { ShardRequest } from '../run/shard-option.js';

export interface FaultsOptions extends QemuOptions, PolicyOptions, SelectedOptions {
  readonly level?: FaultLevel;
  readonly random?: number;
  readonly seed?: number;
  readonly count?: number;
  readonly list?: boolean;
  readonly shard?: ShardRequest;
}

const mostRandom = 1e6;
/** so that two runs without an option do the same */
const usualSeed = 1;

export const addFaultsCommand: AddCommand = (program, environment, finish) => {
  const command = program
    .command('faults')
    .description('migrate while the network or the host misbehaves: exactly one side may run');
  withPairOptions(withQemuOptions(command))
    .optionsGroup('Which faults:')
    .addOption(
      new Option(
        '--level <name>',
        'smoke: each value of each factor once; full: each pair of values; thorough: each three',
      )
        .choices(Object.keys(strengths))
        .default(undefined, 'smoke'),
    )
    .option(
      '--random <count>',
      'this many random faults at random moments instead',
      countUpTo(mostRandom),
    )
    .option('--seed <number>', 'of the choice: the same seed chooses the same', countUpTo(2 ** 32))
    .option('--count <count>', 'only the first COUNT faults', countUpTo(mostRandom))
    .option('--list', 'list the faults, and why other combinations are excluded; run none')
    .option('--shard <index/total>', 'run one part of the faults, such as 2/5', shardArgument);
  withPolicyOptions(withAttemptOptions(command));
  withReportOptions(command)
    .option(
      '--out <dir>',
      'write the event log and the evidence of failures (with --keep: of all faults) to this folder; replaces the event log in it',
    )
    .action(async (options: FaultsOptions) => {
      finish(await faultsCommand(options, environment));
    });
  withExamples(command, {
    'drover faults --qemu build/qemu-system-x86_64 --level full':
      'all pairs of values, both sides with this QEMU',
    'drover faults --random 100 --seed 7 --out results': '100 random faults; the seed repeats them',
  });
};

async function faultsCommand(options: FaultsOptions, environment: Environment): Promise<number> {
  const { random, level, seed = usualSeed, count } = options;
  if (random !== undefined && level !== undefined) {
    throw usageError(
      'two-choices',
      `--random ${random} and --level ${level} both choose the faults: give one of them`,
    );
  }
  const binaries = resolveBinaries(options, environment);
  const { arch } = binaries.source;
  const faults =
    random === undefined ? coveringFaults(level ?? 'smoke', seed) : randomFaults(random, seed);
  const all = faults.slice(0, count).map((fault) => combinedFaultTest(fault));
  // random ones may be the same
  const tests = [...new Map(all.map((test) => [test.path, test])).values()];
  const timings =
    (options.timings === undefined ? undefined : readTimings(options.timings)) ?? noTimings;
  const nameOf = (test: TestDefinition): string => fullPath(arch, test);
  const request = options.shard ?? shardOfEnvironment(environment.shard);
  const { tests: selected, shard } = takeShard(request, tests, timings, nameOf);
  const today = new Date().toISOString().slice(0, 10);
  const quarantine =
    options.quarantine === undefined
      ? undefined
      : readQuarantine(options.quarantine, { tests, arch, today });
  if (options.list === true) await print(lines([...choiceLines(options, tests.length), '']));
  else noteOnStderr(choiceLines(options, tests.length)[0] ?? '');
  const summary = new FaultSummary();
  const exitCode = await runSelected({
    options: { ...options, ...(options.list === true ? { l: true } : {}) },
    ...{ environment, binaries, selected, onEvent: summary.onEvent },
    catalogue: { all: tests, usual: tests, fileOf: () => undefined },
    policy: { ...options, shard, timings, timingsFile: options.timings, quarantine },
  });
  if (options.tap !== true) await print(lines(summary.lines()));
  return exitCode;
}

function choiceLines({ random, level = 'smoke', seed }: FaultsOptions, chosen: number): string[] {
  const { valid, dropped } = allCombinations();
  const how = random === undefined ? `level ${level}` : 'random';
  const forbidden = [...dropped.values()].reduce((sum, each) => sum + each, 0);
  return [
    `${counted(chosen, 'fault')}, ${how}, --seed ${seed ?? usualSeed}`,
    `${formatCount(valid.length)} combinations of ${Object.keys(kinds).length} kinds of faults; ${formatCount(forbidden)} are excluded:`,
    ...[...dropped].map(
      ([rule, number]) => `${formatCount(number).padStart(9)}  ${ruleText(rule)}`,
    ),
  ];
}
