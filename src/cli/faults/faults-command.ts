/**
 * `drover faults`: migrations whose network or host misbehaves, chosen so that all pairs of
 * values occur, or at random.
 */
import { combinedFaultTest } from '../../suite/tests/combined-fault-tests.js';
import { counted, formatCount } from '../../model/text/format.js';
import { kinds } from '../../migration/faults/combined/kinds.js';
import { allCombinations, ruleText } from '../../migration/faults/combined/incompatible.js';
import { coveringFaults, randomFaults, strengths } from '../../migration/faults/combined/choose.js';
import type { FaultLevel } from '../../migration/faults/combined/choose.js';
import { choosing, choosingText, withChoiceOptions } from '../options/choice-options.js';
import type { ChoiceOptions, ChoiceWords, Choosing } from '../options/choice-options.js';
import { withExamples } from '../options/help.js';
import type { AddCommand } from '../options/help.js';
import {
  withAttemptOptions,
  withPairOptions,
  withPolicyOptions,
  withQemuOptions,
} from '../options/options.js';
import type { QemuOptions } from '../options/options.js';
import { withReportOptions } from '../options/report-options.js';
import type { Environment } from '../process/environment.js';
import { lines, noteOnStderr, print } from '../process/print.js';
import { FaultSummary } from './fault-summary.js';
import { chosenTests } from '../run/chosen-tests.js';
import type { ChosenOptions } from '../run/chosen-tests.js';
import { resolveBinaries } from '../run/resolve-binaries.js';
import { runSelected } from '../run/run-selected.js';
import type { SelectedOptions } from '../run/run-selected.js';
import { shardArgument } from '../run/shard-option.js';

export interface FaultsOptions
  extends QemuOptions, ChosenOptions, ChoiceOptions<FaultLevel>, SelectedOptions {}

const words: ChoiceWords<FaultLevel> = {
  noun: 'fault',
  levels: Object.keys(strengths) as FaultLevel[],
  usualLevel: 'smoke',
  levelText:
    'smoke: each value of each factor once; full: each pair of values; thorough: each three',
  randomText: 'this many random faults at random moments instead',
  listText: 'list the faults, and why other combinations are excluded; run none',
};

export const addFaultsCommand: AddCommand = (program, environment, finish) => {
  const command = program
    .command('faults')
    .description('migrate while the network or the host misbehaves: exactly one side may run');
  withChoiceOptions(withPairOptions(withQemuOptions(command)), words).option(
    '--shard <index/total>',
    'run one part of the faults, such as 2/5',
    shardArgument,
  );
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
  const choice = choosing(options, words);
  const { random, level, seed } = choice;
  const binaries = resolveBinaries(options, environment);
  const faults = random === undefined ? coveringFaults(level, seed) : randomFaults(random, seed);
  const tests = faults.slice(0, options.count).map((fault) => combinedFaultTest(fault));
  const chosen = chosenTests(tests, options, environment, binaries.source.arch);
  const said = choiceLines(choice, chosen.catalogue.all.length);
  if (options.list === true) await print(lines([...said, '']));
  else noteOnStderr(said[0] ?? '');
  const summary = new FaultSummary();
  const exitCode = await runSelected({
    options: { ...options, ...(options.list === true ? { l: true } : {}) },
    ...{ environment, binaries, onEvent: summary.onEvent },
    ...chosen,
  });
  if (options.tap !== true) await print(lines(summary.lines()));
  return exitCode;
}

function choiceLines(choice: Choosing<FaultLevel>, chosen: number): string[] {
  const { valid, dropped } = allCombinations();
  const forbidden = [...dropped.values()].reduce((sum, each) => sum + each, 0);
  return [
    `${counted(chosen, 'fault')}, ${choosingText(choice)}`,
    `${formatCount(valid.length)} combinations of ${Object.keys(kinds).length} kinds of faults; ${formatCount(forbidden)} are excluded:`,
    ...[...dropped].map(
      ([rule, number]) => `${formatCount(number).padStart(9)}  ${ruleText(rule)}`,
    ),
  ];
}
