/**
 * `drover arrival`: is the machine that arrived the one that left? For QEMUs that Drover did not
 * start, such as those of libvirt.
 */
import { statSync } from 'node:fs';
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
import { usage } from '../bad-source.js';
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
    .requiredOption('--destination <what>', 'the same for the other side')
    .option('--source-monitor <socket>', "QMP socket of the source's QEMU, which nothing else uses")
    .option('--destination-monitor <socket>', 'the same for the destination')
    .optionsGroup('Without a monitor socket:')
    .option('--source-blocks <file>', "what the source's monitor prints for 'info ramblock'")
    .option('--destination-blocks <file>', 'the same for the destination')
    .option('--source-devices <file>', 'what xen-save-devices-state wrote at the source')
    .option('--destination-devices <file>', 'the same for the destination')
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
  requireTwo(options);
  await using source = await open('source');
  await using destination = await open('destination');
  const ram = withoutClockPage(
    await compareSides(source.ram, destination.ram, session.signal),
    source.isUnderKvm || destination.isUnderKvm,
  );
  const isOneQemu = options.sameQemu && haveOneProgram(source, destination);
  const devices = await compareStates(source, destination, isOneQemu);
  await both(source.requireUnchanged(), destination.requireUnchanged());
  session.progress.clear();
  const differences = [...ram.differences, ...devices.differences];
  const notCompared = [
    ...source.gaps,
    ...destination.gaps,
    ...(ram.blocks === 0 ? ['RAM: no block could be compared'] : []),
    ...ram.notCompared,
    ...devices.notCompared,
  ];
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
  if (found.sections === 0) {
    return { ...found, notCompared: [...found.notCompared, 'device state: it has no section'] };
  }
  const doubt = source.doubt ?? destination.doubt;
  if (doubt === undefined) return found;
  // A whole section that is missing has no such reason.
  const isMissing = (text: string): boolean => text.includes(' is only at the ');
  const doubted = found.differences.filter((text) => !isMissing(text));
  return {
    ...found,
    differences: found.differences.filter(isMissing),
    notCompared: [...found.notCompared, ...doubted.map((text) => `${text} (${doubt})`)],
  };
}

/** KVM writes the guest's clock into a page of main memory when the state is loaded. */
function withoutClockPage(ram: RamComparison, isUnderKvm: boolean): RamComparison {
  const [line = '', ...runs] = ram.differences;
  if (!isUnderKvm || !/: 1 of [\d,]+ pages? differ$/.test(line) || runs.length > 1) return ram;
  const why = 'under KVM, loading writes the clock of the guest into one page';
  const notCompared = [...ram.notCompared, `${[line, ...runs].join(';')} (${why})`];
  return { ...ram, differences: [], notCompared };
}

/** One side given twice is equal to itself, whatever arrived. */
function requireTwo(options: ArrivalOptions): void {
  const pairs = [
    ['--source', options.source, '--destination', options.destination],
    ...(['Monitor', 'Blocks', 'Devices'] as const).map((what) => {
      const name = what.toLowerCase();
      const [a = '', b = ''] = [options[`source${what}`], options[`destination${what}`]];
      return [`--source-${name}`, a, `--destination-${name}`, b];
    }),
  ];
  for (const [first, a = '', second, b = ''] of pairs) {
    if (a === '' || b === '' || identityOf(a) !== identityOf(b)) continue;
    throw usage(`${a}: ${first} and ${second} name the same thing; give one for each side`);
  }
}

/** of a file, whatever its name */
function identityOf(word: string): string {
  try {
    const { dev, ino } = statSync(word);
    return `${dev} ${ino}`;
  } catch {
    return word;
  }
}

function haveOneProgram(source: ArrivalSide, destination: ArrivalSide): boolean {
  const [a, b] = [source.program, destination.program];
  return a === undefined || b === undefined || a === b;
}

function resultText(ram: RamComparison, devices: DeviceComparison, paint: OfflinePaint): string[] {
  const { blocks, ramBytes } = ram;
  const { sections, expected } = devices;
  const isJudged = devices.notCompared.length === 0;
  const part = (what: string, differences: readonly string[], whole = true): string[] =>
    differences.length === 0
      ? [`${what}: ${whole ? paint.intact('equal') : paint.warning('not all of it was compared')}`]
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
      : part(`device state: ${counted(sections, 'section')}${but}`, devices.differences, isJudged)),
  ];
}
