/** Options that `drover devices` and `drover machines` share, and what speaks against their use. */
import { Option } from 'commander';
import type { Command } from 'commander';
import { usageError } from '../../model/errors.js';
import { countUpTo } from '../options/options.js';
import { timeUpTo } from '../options/size-arguments.js';

export interface SweepOptions {
  readonly qemu?: string;
  readonly qemuSrc?: string;
  readonly qemuDst?: string;
  readonly cache: boolean;
  readonly machine?: string;
  readonly every: number;
  readonly list?: boolean;
  readonly jobs?: number;
  readonly timeout: number;
  readonly json?: string;
  readonly html?: string;
  readonly baseline?: string;
}

type Swept = 'device' | 'machine';

const usualTimeoutMs = 120_000;

export function withSweepOptions(command: Command, swept: Swept): Command {
  return command
    .optionsGroup('How:')
    .option(
      '-j, --jobs <count>',
      'pairs of QEMUs at the same time, as far as memory goes (default: one per core)',
      countUpTo(256),
    )
    .addOption(
      new Option('--timeout <time>', `deadline of each ${swept}, such as 90s or 5m`)
        .argParser(timeUpTo(12))
        .default(usualTimeoutMs, '120s'),
    )
    .optionsGroup('Results:')
    .option('--json <file>', 'write all results as one JSON document')
    .option('--html <file>', `write a grid of all ${swept}s as one HTML file`)
    .option(
      '--baseline <file>',
      `JSON document of an earlier run: print changes only, exit with 1 only if a ${swept} got worse`,
    );
}

/** @throws HarnessError `results-of-list` */
export function refuseResultsOfList(options: SweepOptions, swept: Swept): void {
  if (options.list !== true) return;
  const given = (['json', 'html', 'baseline'] as const).filter(
    (name) => options[name] !== undefined,
  );
  if (given.length === 0) return;
  throw usageError(
    'results-of-list',
    `--list migrates no ${swept}, so there are no results: leave out ${given.map((name) => `--${name}`).join(', ')}`,
  );
}
