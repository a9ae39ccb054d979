/** Options that several commands share, and how their values are read. */
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type { AccelWish } from '../../migration/host/accelerator.js';
import { HarnessError } from '../../model/errors.js';
import type { Level } from '../../suite/definition.js';
import { sizeArgument } from './size-arguments.js';

/** as good as for ever */
export const mostRounds = 1e9;

/** what a pair of QEMUs is started with, whichever they are */
export interface PairOptions {
  readonly machine?: string;
  readonly accel: AccelWish;
  readonly cache: boolean;
}

export interface QemuOptions extends PairOptions {
  readonly qemu?: string;
  readonly qemuSrc?: string;
  readonly qemuDst?: string;
}

export interface AttemptOptions {
  readonly jobs?: number;
  /** seconds, per test */
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
      throw new InvalidArgumentError(
        `expected a whole number of at least 1 and at most ${limit}, not '${value}'.`,
      );
    }
    return count;
  };
}

function countFrom0(limit: number): (value: string) => number {
  return (value) => (value === '0' ? 0 : countUpTo(limit)(value));
}

export function secondsArgument(value: string): number {
  const seconds = Number(value);
  if (!Number.isFinite(seconds) || seconds <= 0 || seconds > 1_000_000) {
    throw new InvalidArgumentError(`expected a number of seconds above 0, not '${value}'.`);
  }
  return seconds;
}

export function withPairOptions(command: Command): Command {
  return command
    .option('--machine <type>', 'machine type or alias, instead of the newest both know')
    .addOption(
      new Option('--accel <name>', 'accelerator; auto takes the one that runs the guest faster')
        .choices(['auto', 'kvm', 'tcg'])
        .default('auto'),
    )
    .option('--no-cache', 'probe the QEMUs anew');
}

export function withPathOptions(command: Command): Command {
  return command
    .option('-p <path>', 'run this test, or the tests right below it (repeatable)', collect, [])
    .option('-r, --run-prefix <path>', 'run all tests below (repeatable)', collect, [])
    .option('-s <path>', 'skip this test, or the tests right below it (repeatable)', collect, [])
    .option('-x, --skip-prefix <path>', 'skip all tests below (repeatable)', collect, []);
}

export function withSelectionOptions(command: Command): Command {
  return withPathOptions(command)
    .addOption(
      new Option('--level <name>', 'how much to run').choices([
        'smoke',
        'full',
        'thorough',
        'quarantine',
      ]),
    )
    .addOption(new Option('-m <mode>', "GLib's spelling").choices(['quick', 'slow', 'thorough']))
    .option('--full', 'the same as --level full');
}

export function withAttemptOptions(command: Command): Command {
  return command
    .option(
      '-j, --jobs <count>',
      'pairs at the same time (default: by cores and memory)',
      countUpTo(256),
    )
    .option('--timeout <seconds>', 'deadline of each test (default: 120)', secondsArgument)
    .option(
      '--memory-budget <size>',
      'memory that all tests may take at once (default: four fifths of what is free)',
      sizeArgument,
    )
    .option('--repeat <count>', 'run everything this many times', countUpTo(mostRounds), 1)
    .option('-k, --keep-going', 'always on; accepted for GLib users')
    .option('--keep', "keep every test's directory, not only where a test did not pass");
}

export function withPolicyOptions(command: Command): Command {
  return command
    .option('--until-failure', 'repeat until a test does not pass')
    .option(
      '--retries <count>',
      'try a test that did not pass again, so many times',
      countFrom0(100),
      0,
    )
    .option('--flaky-fails', 'a test that passed only when tried again fails the run')
    .option('--max-failures <count>', 'start no more tests after so many', countUpTo(1e9))
    .option('--quarantine <file>', 'tests whose failures do not fail the run, until a day')
    .option('--timings <file>', 'how long tests took: read for order, written at the end');
}

export function withOwnTests(command: Command): Command {
  return command.option(
    '--tests <path>',
    'tests of your own: a module, or a folder of them (repeatable)',
    collect,
    [],
  );
}

/** `-m` and `--full` add to each other, as with upstream's program; `--level` says it all. */
export function levelOf({ level, m, full }: SelectionOptions): Level {
  if (level !== undefined) {
    const other = m !== undefined ? `-m ${m}` : full === true ? '--full' : undefined;
    if (other === undefined) return level;
    throw new HarnessError({
      code: 'two-levels',
      blame: 'usage',
      message: `--level ${level} and ${other} both say which level is run: leave one out`,
    });
  }
  if (m === 'slow' || m === 'thorough') return 'thorough';
  return full === true ? 'full' : 'smoke';
}
