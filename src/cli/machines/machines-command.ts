/** `drover machines`: which machine types of which targets survive a migration? */
import os from 'node:os';
import { checkMachine } from '../../machines/check-machine.js';
import {
  machineModes,
  machineName,
  machinesVersion,
  namedMachine,
} from '../../machines/document.js';
import type { MachineResult, MachinesDocument } from '../../machines/document.js';
import { selectMachines } from '../../machines/select.js';
import type { MachineChecks, SelectedMachines } from '../../machines/select.js';
import { counted } from '../../model/text/format.js';
import { printableLine } from '../../model/text/printable.js';
import { withExamples } from '../options/help.js';
import type { AddCommand } from '../options/help.js';
import { countUpTo } from '../options/options.js';
import { checkReportOptions } from '../options/report-options.js';
import type { Environment } from '../process/environment.js';
import { exitCodes } from '../process/exit-codes.js';
import { lines, print } from '../process/print.js';
import { Qemus } from '../run/probed-qemus.js';
import { withWorkplace } from '../run/run-workspace.js';
import { patternOf } from '../../sweep/pattern.js';
import { readBaseline } from '../sweep/read-baseline.js';
import { refuseResultsOfList, withSweepOptions } from '../sweep/sweep-options.js';
import { runSweep, sweepQemu } from '../sweep/sweep-session.js';
import { machinesHtmlPieces } from './machines-html.js';
import { machinesBaseline } from './machines-options.js';
import type { MachinesOptions } from './machines-options.js';
import { probedTargets, resolveInstallations } from './machines-targets.js';
import type { Installations } from './machines-targets.js';

/** what most machines have at most; what a machine does not write takes no memory of the host */
const usualRamBytes = 512 * 2 ** 20;

export const addMachinesCommand: AddCommand = (program, environment, finish) => {
  const command = program
    .command('machines')
    .description('migrate every machine type of every target, and compare both sides')
    .optionsGroup('QEMU:')
    .option(
      '--qemu <path>',
      'QEMU for both sides: a folder that has programs qemu-system-TARGET, or one of them (default: the folder on PATH that has qemu-system-x86_64)',
    )
    .option('--qemu-src <path>', 'QEMU of the source')
    .option('--qemu-dst <path>', 'QEMU of the destination')
    .option('--no-cache', 'probe the QEMUs again instead of reusing what Drover found')
    .optionsGroup('Which machines:')
    .option('--arch <targets...>', 'only these targets, such as m68k sparc')
    .option('--machine <regex>', 'only machine types whose name matches, such as ^virt')
    .option('--every <n>', 'only every n-th of them', countUpTo(1e6), 1)
    .option('--no-live', "do not migrate with Drover's guest running")
    .option('--list', 'list what would be migrated, and migrate none');
  withSweepOptions(command, 'machine').action(async (options: MachinesOptions) => {
    finish(await machinesCommand(options, environment));
  });
  withExamples(command, {
    'drover machines --qemu-src old/ --qemu-dst new/ --html machines.html':
      'which machines survive an upgrade?',
    'drover machines --qemu build/ --arch m68k --baseline last.json':
      'did a change of mine break one of these machines?',
  });
};

async function machinesCommand(
  options: MachinesOptions,
  environment: Environment,
): Promise<number> {
  const pattern = patternOf('--machine', options.machine, '^virt');
  refuseResultsOfList(options, 'machine');
  const installations = resolveInstallations(options, environment);
  const baseline =
    options.baseline === undefined
      ? undefined
      : (readBaseline(options.baseline, machinesBaseline) as MachinesDocument);
  await checkReportOptions(options);
  return await withWorkplace(environment, async ({ directory, probeDirectory, interruption }) => {
    const { signal } = interruption;
    const qemus = new Qemus(environment, probeDirectory, signal, options.cache);
    const jobs = options.jobs ?? os.availableParallelism();
    const place = { directory: probeDirectory, signal, jobs };
    const targets = await probedTargets(installations.pairs, qemus, place);
    const selection = { machine: pattern, every: options.every, live: options.live };
    const selected = selectMachines(targets, { ...selection, env: environment.forQemu });
    if (options.list === true) {
      await print(lines(selected.checks.map((check) => printableLine(nameOf(check)))));
      return exitCodes.passed;
    }
    return await runMachines({
      ...{ installations, selected, options, baseline, directory, signal, pattern },
    });
  });
}

const nameOf = ({ plan: { arch: target, machine }, mode }: MachineChecks): string =>
  machineName({ target, machine, mode });

interface MachinesRun {
  readonly installations: Installations;
  readonly selected: SelectedMachines;
  readonly options: MachinesOptions;
  readonly baseline: MachinesDocument | undefined;
  readonly directory: string;
  readonly signal: AbortSignal;
  readonly pattern: RegExp;
}

async function runMachines(run: MachinesRun): Promise<number> {
  const { installations, selected, options, baseline, directory, signal, pattern } = run;
  const { checks, known } = selected;
  const [first] = checks;
  if (first === undefined) throw new Error('something was selected');
  const { source, destination, sourceFeatures, destinationFeatures } = first.plan;
  const qemus = [
    { ...sweepQemu({ binary: source, features: sourceFeatures }), command: installations.source },
    {
      ...sweepQemu({ binary: destination, features: destinationFeatures }),
      command: installations.destination,
    },
  ] as const;
  const targets = [...new Set(checks.map(({ plan }) => plan.arch))];
  const onlyAtSource = [...installations.onlyAtSource, ...selected.onlyAtSource];
  const selectedNames = new Set(
    targets.flatMap((target) => machineModes.map((mode) => `${target} ${mode}`)),
  );
  return await runSweep<MachineChecks, MachineResult, MachinesDocument>({
    ...{ items: checks, directory, signal, options, noun: 'migration', ramBytes: usualRamBytes },
    qemus,
    about: [
      `targets      ${targets.join(' ')}`,
      ...(onlyAtSource.length > 0
        ? [
            `not there    ${counted(onlyAtSource.length, 'target or machine type', 'targets and machine types')} that the destination does not have`,
          ]
        : []),
    ],
    check: async ({ item, ...visit }) =>
      checkMachine({ ...visit, ...item, timeoutMs: options.timeout }),
    named: namedMachine,
    documentOf: (usual) => ({ version: machinesVersion, ...usual, targets, onlyAtSource }),
    html: machinesHtmlPieces,
    baseline: baseline && {
      document: baseline,
      known,
      isSelected: (name) => {
        const [target = '', machine = '', mode = ''] = name.split(' ');
        return selectedNames.has(`${target} ${mode}`) && pattern.test(machine);
      },
    },
  });
}
