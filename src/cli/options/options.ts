/** Options that several commands share, and how their values are read. */
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type { AccelChoice } from '../../migration/host/accelerator.js';
import { accelerators } from '../../model/arch.js';
import { arrivalModes } from '../../model/arrival.js';
import type { ArrivalMode } from '../../model/arrival.js';
import { usageError } from '../../model/errors.js';
import { levels } from '../../suite/definition.js';
import type { Level } from '../../suite/definition.js';
import { sizeArgument, timeUpTo } from './size-arguments.js';

/** no limit in practice */
export const mostRounds = 1e9;

/** how a pair of QEMUs is started */
export interface PairOptions {
  readonly machine?: string;
  readonly accel: AccelChoice;
  readonly arrival?: ArrivalMode | undefined;
  readonly cache: boolean;
}

export interface QemuOptions extends PairOptions {
  readonly qemu?: string;
  readonly qemuSrc?: string;
  readonly qemuDst?: string;
}

export interface AttemptOptions {
  readonly jobs?: number;
  /** milliseconds, for each test */
  readonly timeout?: number;
  readonly repeat: number;
  readonly keep?: boolean;
  /** bytes */
  readonly memoryBudget?: number;
}

/** what an outcome means for the run */
export interface PolicyOptions {
  readonly retries: number;
  readonly flakyFails?: boolean;
  readonly maxFailures?: number;
  readonly untilFailure?: boolean;
  readonly quarantine?: string;
  readonly timings?: string;
}

export interface PathOptions {
  readonly p: readonly string[];
  readonly runPrefix: readonly string[];
  readonly s: readonly string[];
  readonly skipPrefix: readonly string[];
}

export interface SelectionOptions extends PathOptions {
  readonly m?: 'quick' | 'slow' | 'thorough';
  readonly full?: boolean;
  readonly level?: Level;
}

export interface OwnTestsOption {
  readonly tests: readonly string[];
}

export function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

/** reads a whole number from 1 to `limit` */
export function countUpTo(limit: number): (value: string) => number {
  return (value) => {
    const count = Number(value);
    if (!Number.isSafeInteger(count) || count < 1 || count > limit) {
      throw new InvalidArgumentError(`expected a whole number from 1 to ${limit}, not '${value}'.`);
    }
    return count;
  };
}

function countFrom0(limit: number): (value: string) => number {
  return (value) => (value === '0' ? 0 : countUpTo(limit)(value));
}

function levelArgument(text: string): Level {
  if (text === 'quarantine') {
    process.stderr.write("drover: --level quarantine is now called '--level flaky'\n");
    return 'flaky';
  }
  const level = levels.find((each) => each === text);
  if (level !== undefined) return level;
  throw new InvalidArgumentError(`expected ${levels.join(', ')}, not '${text}'.`);
}

export function withPairOptions(command: Command): Command {
  return command
    .option('--machine <type>', 'machine type or alias (default: the newest that all QEMUs know)')
    .addOption(
      new Option(
        '--accel <name>',
        'accelerator; auto runs a guest under each and uses the faster one',
      )
        .choices(['auto', ...accelerators])
        .default('auto'),
    )
    .option('--no-cache', 'probe the QEMUs again instead of reusing what Drover found');
}

export function withQemuOptions(command: Command): Command {
  return command
    .optionsGroup('QEMU:')
    .option(
      '--qemu <command>',
      'QEMU for both sides: qemu-system-ARCH, or a command that ends in one, such as "strace -f qemu-system-x86_64" (default: qemu-system-x86_64 on PATH)',
    )
    .option('--qemu-src <command>', 'QEMU of the source')
    .option('--qemu-dst <command>', 'QEMU of the destination');
}

export function withPathOptions(command: Command): Command {
  return command
    .optionsGroup('Which tests:')
    .option(
      '-p <path>',
      'run this test and the tests directly below this path, of every level (all below: -r); repeatable',
      collect,
      [],
    )
    .option(
      '-r, --run-prefix <path>',
      'run all tests below this path, up to --level; repeatable',
      collect,
      [],
    )
    .option(
      '-s <path>',
      'skip this test and the tests directly below this path (all below: -x); repeatable',
      collect,
      [],
    )
    .option('-x, --skip-prefix <path>', 'skip all tests below this path; repeatable', collect, []);
}

export function withSelectionOptions(command: Command): Command {
  return withPathOptions(command)
    .addOption(
      new Option('--level <name>', 'run tests up to this level; flaky includes all')
        .choices(levels)
        .default(undefined, 'smoke')
        .argParser(levelArgument),
    )
    .addOption(
      new Option(
        '-m <mode>',
        "GLib's test mode: quick is level smoke, the others thorough",
      ).choices(['quick', 'slow', 'thorough']),
    )
    .option('--full', 'the same as --level full');
}

export function withAttemptOptions(command: Command): Command {
  return command
    .optionsGroup('How to run them:')
    .option(
      '-j, --jobs <count>',
      'pairs of QEMUs at the same time (default: one per core, if memory allows)',
      countUpTo(256),
    )
    .option(
      '--timeout <time>',
      'deadline of each test, such as 90s or 2m; a number alone is seconds (default: 120s, more on a slow host)',
      // a timer of Node.js runs for 24 days at most
      timeUpTo(12),
    )
    .option(
      '--memory-budget <size>',
      'memory that all tests together may use, such as 4G (default: 4/5 of the free memory)',
      sizeArgument,
    )
    .addOption(
      new Option(
        '--arrival <mode>',
        'compare all RAM and device state of the two sides before the guest runs on: usual (where both stand still anyway), stamps (never), both (also after live migrations, whose destination then waits), exact (as both, without a check of stamps after it)',
      )
        .choices(arrivalModes)
        .default(undefined, 'usual'),
    )
    .option('--repeat <count>', 'run everything this many times', countUpTo(mostRounds), 1)
    .option('-k, --keep-going', 'no effect: always on; accepted as in GLib')
    .option('--keep', 'keep the directory of every test, not only of those that did not pass');
}

export function withPolicyOptions(command: Command): Command {
  return command
    .option('--until-failure', 'repeat until a test does not pass, at most --repeat times if given')
    .option(
      '--retries <count>',
      'run a test that did not pass again, at most this many times',
      countFrom0(100),
      0,
    )
    .option('--flaky-fails', 'exit with 1 if a test passed only in a retry')
    .option(
      '--max-failures <count>',
      'start no more tests after this many that did not pass',
      countUpTo(1e9),
    )
    .option(
      '--quarantine <file>',
      'JSON file of known failures, each with a last day; they do not fail the run',
    )
    .option('--timings <file>', 'durations of tests: long tests start first; updated at the end');
}

export function withOwnTests(command: Command): Command {
  return command.option(
    '--tests <path>',
    'your own tests: a JavaScript or TypeScript module, or a folder of modules; repeatable',
    collect,
    [],
  );
}

/** `-m` and `--full` combine, as in upstream's program; `--level` stands alone. */
export function levelOf({ level, m, full }: SelectionOptions): Level {
  if (level !== undefined) {
    const other = m !== undefined ? `-m ${m}` : full === true ? '--full' : undefined;
    if (other === undefined) return level;
    throw usageError(
      'two-levels',
      `--level ${level} and ${other} both set the level: give one of them`,
    );
  }
  if (m === 'slow' || m === 'thorough') return 'thorough';
  return full === true ? 'full' : 'smoke';
}
