/** `drover prove`: how much damage do the checks of this host and these QEMUs find? */
import { Option } from 'commander';
import { usageError } from '../../model/errors.js';
import { stampKinds } from '../../model/stamps.js';
import { recordingKinds } from '../../prove/recording.js';
import { usualStamp } from '../../suite/definition.js';
import { withExamples } from '../options/help.js';
import type { AddCommand } from '../options/help.js';
import { countUpTo, withPairOptions, withQemuOptions } from '../options/options.js';
import type { PairOptions, QemuOptions } from '../options/options.js';
import { checkReportOptions } from '../options/report-options.js';
import { timeUpTo } from '../options/size-arguments.js';
import type { Environment } from '../process/environment.js';
import { planPair } from '../run/plan-pair.js';
import { Qemus } from '../run/probed-qemus.js';
import { resolveBinaries } from '../run/resolve-binaries.js';
import { withWorkplace } from '../run/run-workspace.js';
import { proveSession } from './prove-session.js';
import type { ProveSettings } from './prove-session.js';

export interface ProveOptions
  extends
    QemuOptions,
    PairOptions,
    Omit<ProveSettings, 'recording'>,
    Partial<Pick<ProveSettings, 'recording'>> {}

const usualMutants = 3;
const usualTimeoutMs = 180_000;

export const addProveCommand: AddCommand = (program, environment, finish) => {
  const command = program
    .command('prove')
    .description('damage migrations on purpose, one place at a time: what do the checks find?');
  withPairOptions(withQemuOptions(command))
    .optionsGroup('Which damage:')
    .addOption(
      new Option(
        '--recording <kinds...>',
        'migrations that are recorded and damaged (default: all)',
      ).choices(recordingKinds),
    )
    .addOption(
      new Option('--stamp <kind>', 'what the guest writes into each page')
        .choices(stampKinds)
        .default(usualStamp),
    )
    .option(
      '--mutants <count>',
      'mutants of each damage in each region of memory',
      countUpTo(10_000),
      usualMutants,
    )
    .option(
      '--fields <count>',
      'fields of device state, of the first recording (default: all)',
      countUpTo(1e6),
    )
    .option('--count <count>', 'at most COUNT mutants of each recording', countUpTo(1e6))
    .option('--seed <number>', 'of the choice of pages, fields and bits', countUpTo(2 ** 32), 1)
    .optionsGroup('How:')
    .option(
      '-j, --jobs <count>',
      'destinations at the same time, as far as memory goes (default: one per core)',
      countUpTo(256),
    )
    .addOption(
      new Option('--timeout <time>', 'deadline of each mutant, such as 90s or 5m')
        .argParser(timeUpTo(12))
        .default(usualTimeoutMs, '180s'),
    )
    .optionsGroup('Results:')
    .option('--json <file>', 'write all results as one JSON document')
    .action(async (options: ProveOptions) => {
      finish(await proveCommand(options, environment));
    });
  withExamples(command, {
    'drover prove --mutants 10 --json score.json': 'what do the checks find with the usual QEMU?',
    'drover prove --recording precopy --stamp page --fields 100 --seed 7':
      'a part of it, with whole pages stamped',
  });
};

async function proveCommand(options: ProveOptions, environment: Environment): Promise<number> {
  const binaries = resolveBinaries(options, environment);
  await checkReportOptions(options);
  return await withWorkplace(environment, async ({ directory, probeDirectory, interruption }) => {
    const { signal } = interruption;
    const qemus = new Qemus(environment, probeDirectory, signal, options.cache);
    const planned = await planPair({ binaries, options, environment, qemus });
    if (planned.kind === 'absent') throw usageError('unknown-machine', planned.reason);
    const { recording = recordingKinds } = options;
    const settings = { ...options, recording };
    return await proveSession({ settings, plan: planned.plan, directory, signal });
  });
}
