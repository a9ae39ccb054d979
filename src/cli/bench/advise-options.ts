/** The options of `drover advise`. */
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { collect, countUpTo, withPairOptions } from '../options/options.js';
import type { PairOptions } from '../options/options.js';
import { sizeArgument } from '../options/size-arguments.js';
import { millisecondsArgument } from '../stress/stress-values.js';

export interface AdviseOptions extends PairOptions {
  readonly qemu?: string;
  readonly memory: number;
  readonly workingSet?: number;
  /** bytes per second, as --bandwidth */
  readonly dirtyRate: number;
  readonly bandwidth: number;
  readonly downtime: number;
  readonly scenario: readonly string[];
  readonly runs: number;
  readonly calibration?: string;
  readonly json?: string;
}

export function withAdviseOptions(command: Command): Command {
  const guest = command
    .optionsGroup('Your guest and its network:')
    .addOption(
      new Option('--memory <size>', 'memory of the guest, such as 64G')
        .argParser(sizeArgument)
        .makeOptionMandatory(),
    )
    .addOption(
      new Option(
        '--dirty-rate <rate>',
        'memory that the guest writes per second, each page once, such as 800MB/s (QMP command calc-dirty-rate measures it)',
      )
        .argParser(rateArgument)
        .makeOptionMandatory(),
    )
    .addOption(
      new Option(
        '--bandwidth <rate>',
        'what the network gives the migration, such as 10Gbit or 1.2GB/s',
      )
        .argParser(rateArgument)
        .makeOptionMandatory(),
    )
    .option('--downtime <ms>', 'longest downtime that is allowed, in ms', millisecondsArgument, 300)
    .option(
      '--working-set <size>',
      'how much memory the guest writes again and again (default: all of it)',
      sizeArgument,
    )
    .optionsGroup('Calibration:')
    .option('--qemu <command>', 'QEMU to calibrate with (default: qemu-system-x86_64 on PATH)');
  return withPairOptions(guest)
    .option(
      '--calibration <file>',
      'keep the calibration in this file, or use it if it is there and was made on this host with this QEMU',
    )
    .option(
      '--scenario <name>',
      'calibrate this built-in scenario of bench; repeatable (default: several over TCP)',
      collect,
      [],
    )
    .option('--runs <n>', 'migrations of each scenario', countUpTo(100), 3)
    .optionsGroup('Results:')
    .option('--json <file>', 'write the answer as one JSON document');
}

const powers = ['', 'K', 'M', 'G', 'T'];

/** `800MB/s`, `512MiB/s`, `10Gbit`, `10Gbit/s` @returns bytes per second */
export function rateArgument(text: string): number {
  const [, start = '', prefix = ''] =
    /^(\d+(?:\.\d+)?)([KMGT]?i?)b(?:\/s|ps)?$/.exec(
      text.replace(/[kmgt](?=i?b)/, (letter) => letter.toUpperCase()),
    ) ?? [];
  if (start !== '') {
    throw new InvalidArgumentError(
      `'b' may be bits or bytes: give ${start}${prefix}bit/s or ${start}${prefix}B/s, not '${text}'.`,
    );
  }
  const [, count = '', unit = '', binary = '', what = ''] =
    /^(\d+(?:\.\d+)?)(?:([KMGT])(i?))?(B|bit)(?:\/s)?$/i.exec(text) ?? [];
  const scale = (binary === '' ? 1000 : 1024) ** powers.indexOf(unit.toUpperCase());
  const bytes = (Number(count) * scale) / (what.toLowerCase() === 'bit' ? 8 : 1);
  if (count !== '' && bytes >= 1 && bytes <= 1e15) return bytes;
  throw new InvalidArgumentError(
    `expected a rate of at least 1 B/s, such as 800MB/s, 512MiB/s or 10Gbit, not '${text}'.`,
  );
}
