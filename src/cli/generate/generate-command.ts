/**
 * `drover generate`: migrations with combinations of capabilities, parameters, transports, memory
 * and guests, chosen so that all pairs of values occur, or at random.
 */
import { Option } from 'commander';
import { choosing, choosingText, withChoiceOptions } from '../options/choice-options.js';
import type { ChoiceOptions, ChoiceWords } from '../options/choice-options.js';
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
import { timeUpTo } from '../options/size-arguments.js';
import type { Environment } from '../process/environment.js';
import { lines, noteOnStderr, print } from '../process/print.js';
import type { ChosenOptions } from '../run/chosen-tests.js';
import { withCoverage } from '../run/coverage-option.js';
import { resolveBinaries } from '../run/resolve-binaries.js';
import type { SelectedOptions } from '../run/run-selected.js';
import { shardArgument } from '../run/shard-option.js';
import { strengths } from './choose-tests.js';
import type { GenerateLevel } from './choose-tests.js';
import { generateSession } from './generate-session.js';
import { choiceLine, choiceLines } from './generate-text.js';

export interface GenerateOptions
  extends QemuOptions, ChosenOptions, ChoiceOptions<GenerateLevel>, SelectedOptions {
  /** milliseconds */
  readonly search: number;
}

const words: ChoiceWords<GenerateLevel> = {
  noun: 'combination',
  levels: Object.keys(strengths) as GenerateLevel[],
  usualLevel: 'pairs',
  levelText: 'pairs: each pair of values of two factors; triples: each three',
  randomText: 'this many random combinations instead',
  listText: 'list the tests, and why other combinations are excluded; run none',
};

const usualSearchMs = 300_000;
/** where it can be arranged, both sides are compared */
const usualArrival = 'both';

export const addGenerateCommand: AddCommand = (program, environment, finish) => {
  const command = program
    .command('generate')
    .description('migrate with combinations of settings that the QEMUs have, by introspection');
  withChoiceOptions(withPairOptions(withQemuOptions(command)), words)
    .option('--shard <index/total>', 'run one part of the tests, such as 2/5', shardArgument)
    .addOption(
      new Option(
        '--search <time>',
        'at most this long, after the tests, for the smallest combination of each failure and refusal',
      )
        .argParser(timeUpTo(24))
        .default(usualSearchMs, '5m'),
    );
  withPolicyOptions(withAttemptOptions(command));
  command.options.find(({ long }) => long === '--arrival')?.default(undefined, usualArrival);
  withCoverage(withReportOptions(command))
    .option(
      '--out <dir>',
      'write the event log and the evidence of failures (with --keep: of all tests) to this folder; replaces the event log in it',
    )
    .action(async (options: GenerateOptions) => {
      finish(await generateCommand({ arrival: usualArrival, ...options }, environment));
    });
  withExamples(command, {
    'drover generate --qemu build/qemu-system-x86_64 --out results':
      'all pairs of values, both sides with this QEMU',
    'drover generate --random 100 --seed 7': '100 random combinations; the seed repeats them',
  });
};

async function generateCommand(
  options: GenerateOptions,
  environment: Environment,
): Promise<number> {
  const choice = choosing(options, words);
  const binaries = resolveBinaries(options, environment);
  const isListed = options.list === true;
  return await generateSession({
    options: { ...options, ...(isListed ? { l: true } : {}) },
    ...{ environment, binaries, choice },
    count: options.count,
    searchMs: options.search,
    onChosen: async (chosen) => {
      const line = choiceLine(chosen, choosingText(choice));
      if (isListed) await print(lines([line, ...choiceLines(chosen), '']));
      else noteOnStderr(line);
    },
  });
}
