/** `drover devices`: which devices of a machine survive a migration? */
import type { DeviceType } from '../../devices/device-types.js';
import { argumentsFor } from '../../devices/needs.js';
import { guestRamBytes } from '../../devices/check-device.js';
import { devicePattern, selectDevices } from '../../devices/select.js';
import { platforms } from '../../model/arch.js';
import { chooseMachine } from '../../model/machine-type.js';
import { HarnessError, usageError } from '../../model/errors.js';
import { shellQuote } from '../../model/shell.js';
import { printableLine } from '../../model/text/printable.js';
import { requireAccelerator } from '../../migration/host/accelerator.js';
import { makePlan } from '../../migration/plan.js';
import type { PairPlan } from '../../migration/plan.js';
import { deviceTypesOf } from '../../devices/bare-machine.js';
import { withExamples } from '../options/help.js';
import type { AddCommand } from '../options/help.js';
import { countUpTo, withQemuOptions } from '../options/options.js';
import { checkReportOptions } from '../options/report-options.js';
import type { Environment } from '../process/environment.js';
import { exitCodes } from '../process/exit-codes.js';
import { lines, print } from '../process/print.js';
import { Qemus } from '../run/probed-qemus.js';
import { resolveBinaries } from '../run/resolve-binaries.js';
import type { Binaries } from '../run/resolve-binaries.js';
import { withWorkplace } from '../run/run-workspace.js';
import type { DevicesDocument } from '../../devices/document.js';
import { devicesBaseline } from './devices-options.js';
import type { DevicesOptions } from './devices-options.js';
import { readBaseline } from '../sweep/read-baseline.js';
import { refuseResultsOfList, withSweepOptions } from '../sweep/sweep-options.js';
import { runDevices } from './devices-session.js';

export const addDevicesCommand: AddCommand = (program, environment, finish) => {
  const command = program
    .command('devices')
    .description('migrate every device of a machine, one at a time, and compare both sides');
  withQemuOptions(command)
    .option('--machine <type>', 'machine type or alias (default: the newest that both QEMUs know)')
    .option('--no-cache', 'probe the QEMUs again instead of reusing what Drover found')
    .optionsGroup('Which devices:')
    .option('--match <regex>', 'only devices whose name matches, such as ^virtio-')
    .option('--every <n>', 'only every n-th of them', countUpTo(1e6), 1)
    .option('--list', 'list the devices and their arguments, and migrate none');
  withSweepOptions(command, 'device').action(async (options: DevicesOptions) => {
    finish(await devicesCommand(options, environment));
  });
  withExamples(command, {
    'drover devices --qemu-src old/qemu-system-x86_64 --qemu-dst new/qemu-system-x86_64 --html devices.html':
      'which devices survive an upgrade?',
    "drover devices --match '^virtio-' --baseline last.json --json now.json":
      'did a change of mine break one of these devices?',
  });
};

async function devicesCommand(options: DevicesOptions, environment: Environment): Promise<number> {
  const binaries = resolveBinaries(options, environment);
  const { arch } = binaries.source;
  if (arch !== 'x86_64' && arch !== 'i386') {
    throw usageError(
      'devices-arch',
      `drover devices compares devices of x86_64 and i386 machines, and '${binaries.source.command}' emulates ${arch}: what its devices need has not been found out`,
    );
  }
  refuseResultsOfList(options, 'device');
  devicePattern(options.match);
  const baseline =
    options.baseline === undefined
      ? undefined
      : (readBaseline(options.baseline, devicesBaseline) as DevicesDocument);
  await checkReportOptions(options);
  return await withWorkplace(environment, async ({ directory, probeDirectory, interruption }) => {
    const { signal } = interruption;
    const qemus = new Qemus(environment, probeDirectory, signal, options.cache);
    const plan = await planOf(binaries, options, environment, qemus);
    const known = await deviceTypesOf(plan, probeDirectory, signal);
    const devices = selectDevices(known, options);
    if (options.list === true) {
      await print(lines(devices.map(listLine)));
      return exitCodes.passed;
    }
    return await runDevices({ plan, known, devices, options, baseline, directory, signal });
  });
}

const listLine = (device: DeviceType): string =>
  printableLine(
    `${device.name.padEnd(28)}  ${argumentsFor(device, guestRamBytes)
      .slice(1)
      .map(shellQuote)
      .join(' ')}`,
  );

async function planOf(
  { source, destination }: Binaries,
  { machine: wanted }: DevicesOptions,
  environment: Environment,
  qemus: Qemus,
): Promise<PairPlan> {
  const [sourceFeatures, destinationFeatures] = await qemus.bothFeatures({ source, destination });
  for (const features of [sourceFeatures, destinationFeatures]) requireAccelerator('tcg', features);
  const { machineAlias: alias } = platforms[source.arch];
  const choice = chooseMachine(
    { alias, wanted: wanted ?? environment.machine },
    sourceFeatures,
    destinationFeatures,
  );
  if (choice.kind === 'absent') {
    throw new HarnessError({ code: 'unknown-machine', blame: 'usage', message: choice.reason });
  }
  return makePlan({
    source: { binary: source, features: sourceFeatures },
    destination: { binary: destination, features: destinationFeatures },
    machine: choice.machine,
    env: environment.forQemu,
  });
}
