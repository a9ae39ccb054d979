/** The options of `drover stress`. */
import { Option } from 'commander';
import type { Command } from 'commander';
import { memoryKinds } from '../../model/command-line.js';
import type { MemoryKind } from '../../model/command-line.js';
import { stampKinds } from '../../model/stamps.js';
import type { StampKind } from '../../model/stamps.js';
import type { Freeze } from '../../migration/stress/spec.js';
import { tlsKinds } from '../../migration/stress/transports.js';
import type { TlsKind } from '../../migration/stress/transports.js';
import { collect, countUpTo, withPairOptions, withQemuOptions } from '../options/options.js';
import type { QemuOptions } from '../options/options.js';
import { withReportOptions } from '../options/report-options.js';
import type { ReportOptions } from '../options/report-options.js';
import { sizeArgument, timeUpTo } from '../options/size-arguments.js';
import {
  freezeArgument,
  millisecondsArgument,
  paceArgument,
  settingArgument,
  transportArgument,
  transportNames,
} from './stress-values.js';
import type { Setting, TransportChoice } from './stress-values.js';

export interface StressOptions extends QemuOptions, ReportOptions {
  readonly memory: number;
  readonly writers: number;
  readonly stamp: StampKind;
  readonly step: number;
  readonly pace?: number;
  readonly backend: MemoryKind;
  readonly transport: TransportChoice;
  readonly tls?: TlsKind;
  readonly capability: readonly string[];
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

/** a quarter of a year: longer is a mistake */
const durationArgument = timeUpTo(90);

/** default of --rounds */
export const usualRounds = 10;

export function withStressOptions(command: Command): Command {
  withGuestOptions(withPairOptions(withQemuOptions(command)));
  withMoveOptions(command);
  return withReportOptions(command)
    .option('--keep', 'keep the directory of every round, not only of those that did not pass')
    .option('--out <dir>', 'write the event log and the evidence of failures to this folder');
}

function withGuestOptions(command: Command): Command {
  return command
    .optionsGroup('Guest:')
    .addOption(
      new Option('--memory <size>', 'memory of the guest, such as 512M or 16G')
        .argParser(sizeArgument)
        .default(2 ** 30, '1G'),
    )
    .option(
      '--writers <n>',
      'virtual processors that write, each its own part of memory',
      countUpTo(64),
      1,
    )
    .addOption(
      new Option(
        '--stamp <kind>',
        'what the guest writes in each page: byte: 1 byte; wide: 16 bytes; page: the whole page',
      )
        .choices(stampKinds)
        .default('page'),
    )
    .addOption(
      new Option('--step <size>', 'distance between stamps, a multiple of 4K')
        .argParser(sizeArgument)
        .default(4096, '4K'),
    )
    .option(
      '--pace <rate>',
      'how fast all writers together write: 2GB/s, 512MiB/s or 100000pages/s (default: as fast as possible)',
      paceArgument,
    )
    .addOption(
      new Option('--backend <kind>', 'memory backend of the guest; shmem is a file in /dev/shm')
        .choices(memoryKinds)
        .default('memfd'),
    );
}

function withMoveOptions(command: Command): Command {
  return command
    .optionsGroup('Rounds:')
    .addOption(
      new Option('--transport <name>', `how to migrate: ${transportNames}`)
        .argParser(transportArgument)
        .default(transportArgument('multifd'), 'multifd'),
    )
    .addOption(
      new Option(
        '--tls <kind>',
        'encrypt with a pre-shared key (psk) or with certificates (x509), new ones for each round',
      ).choices(tlsKinds),
    )
    .option('--rounds <n>', `how many migrations (default: ${usualRounds})`, countUpTo(100_000_000))
    .option(
      '--duration <time>',
      'start rounds for this long, such as 90s, 30m or 2h; a number alone is seconds; not with --rounds',
      durationArgument,
    )
    .option('--ping-pong', 'migrate one guest back and forth (default: a new guest for each round)')
    .option(
      '--downtime-limit <ms>',
      'downtime limit of each migration, in ms; no effect with postcopy',
      millisecondsArgument,
      300,
    )
    .addOption(
      new Option(
        '--patience <time>',
        'how long a migration may take after its first iteration; then Drover raises the downtime limit to 600 s',
      )
        .argParser(durationArgument)
        .default(10_000, '10s'),
    )
    .option(
      '--capability <name>',
      'switch a migration capability on at both sides; repeatable',
      collect,
      [],
    )
    .option(
      '--set <name=value>',
      'set a migration parameter on both sides; repeatable',
      settingArgument,
      [],
    )
    .option(
      '--freeze <side[:time]>',
      'stop a QEMU by SIGSTOP in each round while it migrates: source, destination or both, with a time such as :500ms (default time: 3s)',
      freezeArgument,
    )
    .option('--keep-going', 'after damage, continue with a new guest (default: end the run)');
}
