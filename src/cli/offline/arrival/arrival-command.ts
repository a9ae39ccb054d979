/**
 * `drover arrival`: is the machine that arrived the one that left? For QEMUs that Drover did not
 * start, such as those of libvirt.
 */
import { both } from '../../../model/both.js';
import { counted, formatCount } from '../../../model/text/format.js';
import { compareSavedDevices } from '../../../migration/arrival/compare-devices.js';
import type { DeviceComparison } from '../../../migration/arrival/compare-devices.js';
import { compareSides } from '../../../migration/arrival/compare-ram.js';
import type { RamComparison } from '../../../migration/arrival/compare-ram.js';
import type { Environment } from '../../process/environment.js';
import { exitCodes } from '../../process/exit-codes.js';
import { lines, print } from '../../process/print.js';
import { withExamples } from '../../options/help.js';
import type { AddCommand } from '../../options/help.js';
import { offlineSession, toJson } from '../offline-output.js';
import type { OfflinePaint, OfflineSession } from '../offline-output.js';
import { openSide } from './arrival-side.js';
import type { ArrivalSide } from './arrival-side.js';

interface ArrivalOptions {
  readonly source: string;
  readonly destination: string;
  readonly sourceMonitor?: string;
  readonly destinationMonitor?: string;
  readonly sourceBlocks?: string;
  readonly destinationBlocks?: string;
  readonly sourceDevices?: string;
  readonly destinationDevices?: string;
  readonly sameQemu: boolean;
  readonly json?: boolean;
}

export const addArrivalCommand: AddCommand = (program, environment, finish) => {
  const command = program
    .command('arrival')
    .description(
      'compare a stopped source and a destination that has not run yet: all RAM, all device state',
    )
    .optionsGroup('The two sides:')
    .requiredOption('--source <what>', 'pid:N of a stopped QEMU, or a migration file')
    .requiredOption('--destination <what>', 'the same of the other side')
    .option('--source-monitor <socket>', "QMP socket of the source's QEMU, which nothing else uses")
    .option('--destination-monitor <socket>', 'the same of the destination')
    .optionsGroup('Without a monitor socket:')
    .option('--source-blocks <file>', "what the source's monitor prints for 'info ramblock'")
    .option('--destination-blocks <file>', 'the same of the destination')
    .option('--source-devices <file>', 'what xen-save-devices-state wrote at the source')
    .option('--destination-devices <file>', 'the same of the destination')
    .optionsGroup('How to compare and show it:')
    .option(
      '--no-same-qemu',
      'the sides are two versions of QEMU, which may write different parts of device state',
    )
    .option('--json', 'write JSON instead of text')
    .action(async (options: ArrivalOptions) => {
      finish(
        await offlineSession(environment, (session) => arrival(options, environment, session)),
      );
    });
  withExamples(command, {
    'drover arrival --source pid:4242 --source-monitor src.qmp --destination pid:4343 --destination-monitor dst.qmp':
      'two QEMUs on this host, both with a QMP socket',
    'drover arrival --source vm.mig --destination pid:4343 --destination-monitor dst.qmp':
      'a migration file, and the QEMU that loaded it',
  });
};

async function arrival(
  options: ArrivalOptions,
  environment: Environment,
  session: OfflineSession,
): Promise<number> {
  const open = async (side: 'source' | 'destination'): Promise<ArrivalSide> =>
    await openSide(
      {
        side,
        what: options[side],
        monitor: options[`${side}Monitor`],
        blocks: options[`${side}Blocks`],
        devices: options[`${side}Devices`],
      },
      environment,
      session,
    );
  await using source = await open('source');
  await using destination = await open('destination');
  const ram = await compareSides(source.ram, destination.ram, session.signal);
  const devices = await compareStates(source, destination, options.sameQemu);
  await both(source.requireUnchanged(), destination.requireUnchanged());
  session.progress.clear();
  const differences = [...ram.differences, ...devices.differences];
  const notCompared = [...ram.notCompared, ...devices.notCompared];
  const equal = differences.length === 0 && notCompared.length === 0;
  const { blocks, ramBytes } = ram;
  const { sections } = devices;
  const expected = [...ram.expected, ...devices.expected];
  await print(
    options.json === true
      ? `${toJson({
          arrival: 1,
          equal,
          source: source.label,
          destination: destination.label,
          ...{ blocks, ramBytes, sections, expected, differences, notCompared },
        })}\n`
      : lines([
          `source:      ${source.label}`,
          `destination: ${destination.label}`,
          ...resultText(ram, devices, session.paint),
          ...expected.map((text) => `expected:     ${text}`),
          ...notCompared.map((text) => session.paint.warning(`not compared: ${text}`)),
        ]),
  );
  if (differences.length > 0) return exitCodes.failed;
  return equal ? exitCodes.passed : exitCodes.incomplete;
}

async function compareStates(
  source: ArrivalSide,
  destination: ArrivalSide,
  isOneQemu: boolean,
): Promise<DeviceComparison> {
  const problems = [source, destination]
    .filter(({ devices }) => devices === undefined)
    .map(({ label, problem }) => `device state of ${label}: ${problem}`);
  const [a, b] = [source.devices, destination.devices];
  if (a === undefined || b === undefined) {
    return { sections: 0, differences: [], states: [], expected: [], notCompared: problems };
  }
  const found = await compareSavedDevices(a, b, { isOneQemu });
  const doubt = source.doubt ?? destination.doubt;
  if (doubt === undefined) return found;
  const doubted = found.differences.map((text) => `${text} (no verdict: ${doubt})`);
  return { ...found, differences: [], notCompared: [...found.notCompared, ...doubted] };
}

function resultText(ram: RamComparison, devices: DeviceComparison, paint: OfflinePaint): string[] {
  const { blocks, ramBytes } = ram;
  const { sections, expected } = devices;
  const part = (what: string, differences: readonly string[]): string[] =>
    differences.length === 0
      ? [`${what}: ${paint.intact('equal')}`]
      : [`${what}: ${paint.damaged('different')}`, ...differences.map((text) => `  ${text}`)];
  const but =
    expected.length === 0 ? '' : `, but for ${counted(expected.length, 'expected difference')}`;
  return [
    ...(blocks === 0 && ram.differences.length === 0
      ? []
      : part(
          `RAM: ${counted(blocks, 'block')} of ${formatCount(ramBytes)} bytes`,
          ram.differences,
        )),
    ...(sections === 0
      ? []
      : part(`device state: ${counted(sections, 'section')}${but}`, devices.differences)),
  ];
}
