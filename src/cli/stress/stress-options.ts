/** The options of `drover stress`. */
import { Option } from 'commander';
import type { Command } from 'commander';
import type { MemoryBackend } from '../../model/command-line.js';
import type { StampKind } from '../../model/stamps.js';
import type { Freeze } from '../../migration/stress/spec.js';
import { countUpTo, withPairOptions } from '../options/options.js';
import type { QemuOptions } from '../options/options.js';
import { withReportOptions } from '../options/report-options.js';
import type { ReportOptions } from '../options/report-options.js';
import { sizeArgument } from '../options/size-arguments.js';
import {
  durationArgument,
  freezeArgument,
  millisecondsArgument,
  paceArgument,
  settingArgument,
  transportArgument,
} from './stress-values.js';
import type { Setting, TransportWish } from './stress-values.js';

export interface StressOptions extends QemuOptions, ReportOptions {
  readonly memory: number;
  readonly writers: number;
  readonly stamp: StampKind;
  readonly step: number;
  readonly pace?: number;
  readonly backend: MemoryBackend['kind'];
  readonly transport: TransportWish;
  readonly rounds?: number;
  readonly duration?: number;
  readonly pingPong?: boolean;
  readonly downtimeLimit: number;
  readonly patience: number;
  readonly set: readonly Setting[];
  readonly freeze?: Freeze;
  readonly keepGoing?: boolean;
  readonly keep?: boolean;
  readonly out?: string;
}

/** where neither rounds nor a duration are given */
export const usualRounds = 10;

export function withStressOptions(command: Command): Command {
  withGuestOptions(withPairOptions(command));
  withMoveOptions(command);
  return withReportOptions(command)
    .option('--keep', 'keep the working directory')
    .option('--out <dir>', 'put the event log and the evidence of failures there');
}

function withGuestOptions(command: Command): Command {
  return command
    .option('--qemu <command>', 'QEMU for both sides, a program or a shell command prefix')
    .option('--qemu-src <command>', 'QEMU of the source')
    .option('--qemu-dst <command>', 'QEMU of the destination')
    .option('--memory <size>', 'memory of the guest, such as 512M or 16G', sizeArgument, 2 ** 30)
    .option('--writers <n>', 'processors that write, each its own part', countUpTo(64), 1)
    .addOption(
      new Option('--stamp <kind>', 'what is written at each page: one byte, 16 bytes, or all of it')
        .choices(['byte', 'wide', 'page'])
        .default('page'),
    )
    .option('--step <size>', 'from one stamp to the next', sizeArgument, 4096)
    .option(
      '--pace <rate>',
      'how fast memory is written, such as 2GB/s; as fast as it goes unless given',
      paceArgument,
    )
    .addOption(
      new Option('--backend <kind>', 'where guest memory lies')
        .choices(['anon', 'memfd', 'shmem', 'hugetlb'])
        .default('memfd'),
    );
}

function withMoveOptions(command: Command): Command {
  return command
    .option(
      '--transport <name>',
      'how memory is sent, such as tcp, multifd:8 or postcopy',
      transportArgument,
      transportArgument('multifd'),
    )
    .option('--rounds <n>', `how many migrations (default: ${usualRounds})`, countUpTo(100_000_000))
    .option('--duration <time>', 'as many rounds as fit, such as 90s or 2h', durationArgument)
    .option('--ping-pong', 'one guest, moved to and fro, instead of a new one for each round')
    .option(
      '--downtime-limit <ms>',
      'downtime that a migration must fit into',
      millisecondsArgument,
      300,
    )
    .option(
      '--patience <time>',
      'so long after the first pass over memory any downtime will do',
      durationArgument,
      10_000,
    )
    .option(
      '--set <name=value>',
      'a migration parameter of both sides (repeatable)',
      settingArgument,
      [],
    )
    .option(
      '--freeze <side>',
      'hold a QEMU by SIGSTOP in each round: source, destination or both, :3s',
      freezeArgument,
    )
    .option('--keep-going', 'go on with a new guest after memory was damaged');
}
