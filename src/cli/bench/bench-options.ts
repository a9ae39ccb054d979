/** The options of `drover bench`. */
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type { Sweep } from '../../bench/choose-scenarios.js';
import { exportFormats } from '../../bench/exports/formats.js';
import type { ExportFormat } from '../../bench/exports/formats.js';
import { confidence } from '../../bench/document.js';
import { fewestPairs } from '../../bench/statistics/paired.js';
import { mostPairs } from '../../bench/verdict.js';
import { usageError } from '../../model/errors.js';
import { collect, countUpTo, withPairOptions } from '../options/options.js';
import type { PairOptions } from '../options/options.js';
import { settingArgument, settingValue } from '../stress/stress-values.js';
import type { Setting } from '../stress/stress-values.js';
import type { BenchFiles, Export } from './bench-reports.js';

export interface BenchOptions extends PairOptions, BenchFiles {
  readonly qemu: readonly string[];
  readonly bParameter: readonly Setting[];
  readonly aa?: boolean;
  readonly scenario: readonly string[];
  readonly group: readonly string[];
  readonly scenarios?: string;
  readonly sweep: readonly Sweep[];
  readonly list?: boolean;
  readonly pairs?: number;
  readonly untilWidth?: number;
  readonly seed?: number;
  readonly probes: boolean;
  readonly threshold: number;
}

const seedLimit = 2 ** 31;
const usualPairs = 12;
/** with --until-width */
const usualMostPairs = 100;

/** @throws HarnessError `bad-bench`: so few that no interval can become narrow */
export function pairsOf({ pairs, untilWidth }: Pick<BenchOptions, 'pairs' | 'untilWidth'>): number {
  if (untilWidth === undefined) return pairs ?? usualPairs;
  const fewest = fewestPairs(confidence);
  if (pairs !== undefined && pairs < fewest) {
    throw usageError(
      'bad-bench',
      `--pairs: with --until-width expected at least ${fewest}, not ${pairs}: fewer have no interval`,
    );
  }
  return pairs ?? usualMostPairs;
}

export function withBenchOptions(command: Command): Command {
  const qemus = command
    .optionsGroup('QEMU:')
    .option(
      '--qemu <command>',
      'QEMU to measure, for both sides of each migration; twice: compare the second (B) with the first (A) (default: qemu-system-x86_64 on PATH)',
      collect,
      [],
    );
  withPairOptions(qemus)
    .option(
      '--b-parameter <name=value>',
      'set a migration parameter in B only; with one --qemu, B is the same QEMU; repeatable',
      settingArgument,
      [],
    )
    .option('--aa', 'compare the QEMU with itself: how large is the noise of this host');
  command
    .optionsGroup('Scenarios:')
    .option(
      '--scenario <name>',
      'measure only this scenario; repeatable (default: all of --scenarios, or group basic)',
      collect,
      [],
    )
    .option(
      '--group <name>',
      'measure the built-in scenarios of this group, such as tls or guestperf; repeatable',
      collect,
      [],
    )
    .option('--scenarios <file>', 'your own scenarios: JSON, or a JavaScript or TypeScript module')
    .option(
      '--sweep <field=values>',
      'measure each scenario with each of these values of a field or a migration parameter, such as channels=1,2,4,8; repeatable',
      sweepArgument,
      [],
    )
    .option(
      '--list',
      'list the scenarios in groups and exit; with --qemu: which of them run here, and why not',
    )
    .optionsGroup('Measurement:')
    .option(
      '--pairs <n>',
      `migrations of each QEMU in each scenario; a verdict needs at least 6, and more if there are many scenarios (default: ${usualPairs}; with --until-width at most ${usualMostPairs})`,
      countUpTo(mostPairs),
    )
    .option(
      '--until-width <percent>',
      'a scenario has enough migrations once the 95 % interval of its total time is no wider than that, such as 5%; --pairs is then the largest number',
      percentArgument,
    )
    .option(
      '--seed <n>',
      'the order of A and B follows from it (default: a random one, which the report shows)',
      countUpTo(seedLimit),
    )
    .option(
      '--no-probes',
      "measure QEMU's own figures and events only, without watching the guest",
    );
  return withBenchExtras(
    withThreshold(command)
      .optionsGroup('Results:')
      .option('--json <file>', 'write all samples and verdicts as one JSON document')
      .option('--html <file>', 'write one HTML file with drawings and all samples, for a browser')
      .option('--markdown <file>', 'write the tables for a mail or a pull request')
      .option('--csv <file>', 'write one line for each sample'),
  );
}

/** Of `bench`, and of `report` with the JSON document of a benchmark. */
export const withBenchExtras = (command: Command): Command =>
  command
    .option(
      '--export <format=file>',
      `of a benchmark: write it for another program: ${Object.keys(exportFormats).join(', ')}; repeatable`,
      exportArgument,
      [],
    )
    .option(
      '--history <dir>',
      'of a benchmark: add its medians to the history of this host, for drover history',
    );

export function withThreshold(command: Command): Command {
  return command.addOption(
    new Option(
      '--threshold <percent>',
      'smallest change that matters; smaller changes are the same',
    )
      .argParser(percentArgument)
      .default(0.05, '5%'),
  );
}

/** `5%` or `5` @returns a share, such as 0.05 */
export function percentArgument(text: string): number {
  const [, number] = /^(\d+(?:\.\d+)?)%?$/.exec(text) ?? [];
  const percent = Number(number);
  if (percent > 0 && percent <= 1000) return percent / 100;
  throw new InvalidArgumentError(`expected a percentage above 0, such as 5%, not '${text}'.`);
}

/** `benchstat=FILE` */
export function exportArgument(text: string, before: readonly Export[] = []): Export[] {
  const [, format = '', file = ''] = /^([a-z-]+)=(.+)$/s.exec(text) ?? [];
  if (Object.hasOwn(exportFormats, format)) {
    return [...before, { format: format as ExportFormat, file }];
  }
  throw new InvalidArgumentError(
    `expected FORMAT=FILE, with one of ${Object.keys(exportFormats).join(', ')}, not '${text}'.`,
  );
}

/** `channels=1,2,4,8` */
export function sweepArgument(text: string, before: readonly Sweep[] = []): Sweep[] {
  const [, field = '', list = ''] = /^([A-Za-z][\w-]*)=(.+)$/.exec(text) ?? [];
  const words = list.split(',');
  if (field === '' || words.includes('')) {
    throw new InvalidArgumentError(
      `expected FIELD=VALUE,VALUE,..., such as channels=1,2,4,8 or memoryMiB=256,512, not '${text}'.`,
    );
  }
  return [...before, { field, values: words.map(settingValue) }];
}
