/** Options that several commands share, and how their values are read. */
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type { AccelWish } from '../migration/accelerator.js';
import type { Level } from '../suite/definition.js';

export interface QemuOptions {
  readonly qemu?: string;
  readonly qemuSrc?: string;
  readonly qemuDst?: string;
  readonly machine?: string;
  readonly accel: AccelWish;
  readonly cache: boolean;
}

export interface SelectionOptions {
  readonly p: readonly string[];
  readonly runPrefix: readonly string[];
  readonly s: readonly string[];
  readonly skipPrefix: readonly string[];
  readonly m?: 'quick' | 'slow' | 'thorough';
  readonly full?: boolean;
  readonly level?: Level;
}

export interface OwnTestsOption {
  readonly tests: readonly string[];
}

function collect(value: string, before: readonly string[]): string[] {
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

export function secondsArgument(value: string): number {
  const seconds = Number(value);
  if (!Number.isFinite(seconds) || seconds <= 0 || seconds > 1_000_000) {
    throw new InvalidArgumentError(`expected a number of seconds above 0, not '${value}'.`);
  }
  return seconds;
}

export function withQemuOptions(command: Command): Command {
  return command
    .option('--qemu <command>', 'QEMU for both sides, a program or a shell command prefix')
    .option('--qemu-src <command>', 'QEMU of the source')
    .option('--qemu-dst <command>', 'QEMU of the destination')
    .option('--machine <type>', 'machine type or alias, instead of the newest both know')
    .addOption(
      new Option('--accel <name>', 'accelerator; auto takes the one that runs the guest faster')
        .choices(['auto', 'kvm', 'tcg'])
        .default('auto'),
    )
    .option('--no-cache', 'probe the QEMUs anew');
}

export function withSelectionOptions(command: Command): Command {
  return command
    .option('-p <path>', 'run this test, or the tests right below it (repeatable)', collect, [])
    .option('-r, --run-prefix <path>', 'run all tests below (repeatable)', collect, [])
    .option('-s <path>', 'skip this test, or the tests right below it (repeatable)', collect, [])
    .option('-x, --skip-prefix <path>', 'skip all tests below (repeatable)', collect, [])
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

export function withOwnTests(command: Command): Command {
  return command.option(
    '--tests <path>',
    'tests of your own: a module, or a folder of them (repeatable)',
    collect,
    [],
  );
}

export function levelOf(options: SelectionOptions): Level {
  if (options.level !== undefined) return options.level;
  if (options.m === 'slow' || options.m === 'thorough') return 'thorough';
  return options.full === true ? 'full' : 'smoke';
}
