/**
 * `drover vmstate`: compares the device state that two QEMUs send and accept, without starting a
 * guest.
 */
import { platforms } from '../../model/arch.js';
import { HarnessError, usageError } from '../../model/errors.js';
import type { QemuFeatures } from '../../model/features.js';
import { chooseMachine, newestCommonMachine } from '../../model/machine-type.js';
import type { QemuBinary } from '../../qemu/binary.js';
import { resolveBinary } from '../../qemu/binary.js';
import { dumpVmstate } from '../../qemu/vmstate-dump.js';
import { parseDump } from '../../vmstate/dump.js';
import type { VmstateDump } from '../../vmstate/dump.js';
import { compareDumps } from '../../vmstate/two-dumps.js';
import type { Environment } from '../process/environment.js';
import { exitCodes } from '../process/exit-codes.js';
import { withExamples } from '../options/help.js';
import type { AddCommand } from '../options/help.js';
import { checkReportOptions, writeFiles } from '../options/report-options.js';
import { lines, print } from '../process/print.js';
import { droverVersion } from '../process/version.js';
import { Qemus } from '../run/probed-qemus.js';
import { withWorkplace } from '../run/run-workspace.js';
import { vmstateHtmlPieces } from './vmstate-html.js';
import { comparedQemu, mustBreak, vmstateJson } from './vmstate-report.js';
import type { VmstateReport } from './vmstate-report.js';
import { vmstateLines } from './vmstate-text.js';

interface VmstateOptions {
  readonly machine?: string;
  readonly json?: string;
  readonly html?: string;
  readonly cache: boolean;
}

/** a real QEMU needs less than a second; valgrind, a minute */
const dumpTimeoutMs = 120_000;

export const addVmstateCommand: AddCommand = (program, environment, finish) => {
  const command = program
    .command('vmstate')
    .description('compare the device state that two QEMUs send and accept, in both directions')
    .argument('<a>', 'a QEMU, as for --qemu of drover run')
    .argument('<b>', 'the other QEMU')
    .option(
      '--machine <type>',
      'the machine type (default: the newest version that both QEMUs know)',
    )
    .option('--json <file>', 'write all differences as one JSON document')
    .option('--html <file>', 'write all differences as one HTML file')
    .option('--no-cache', 'probe QEMUs again, without the cache')
    .action(async (a: string, b: string, options: VmstateOptions) => {
      finish(await vmstateCommand([a, b], options, environment));
    });
  withExamples(command, {
    'drover vmstate qemu-system-x86_64 build/qemu-system-x86_64':
      'can a guest migrate from the installed QEMU to my build, and back?',
  });
};

async function vmstateCommand(
  given: readonly [string, string],
  options: VmstateOptions,
  environment: Environment,
): Promise<number> {
  const [a, b] = given.map((one, index) =>
    resolveBinary(one, { searchPath: environment.searchPath, origin: index === 0 ? 'A' : 'B' }),
  ) as [QemuBinary, QemuBinary];
  if (a.arch !== b.arch) {
    throw usageError(
      'arch-mismatch',
      `A emulates ${a.arch} and B ${b.arch}: a guest cannot migrate between architectures; give two QEMUs of one architecture`,
    );
  }
  await checkReportOptions(options);
  return await withWorkplace(environment, async ({ interruption, probeDirectory }) => {
    const { signal } = interruption;
    const qemus = new Qemus(environment, probeDirectory, signal, options.cache);
    const [featuresA, featuresB] = await qemus.bothFeatures({ source: a, destination: b });
    const alias = platforms[a.arch].machineAlias;
    const machine = machineFor(alias, options.machine, featuresA, featuresB);
    const { env } = qemus;
    const how = { directory: probeDirectory, env, machine, timeoutMs: dumpTimeoutMs, signal };
    const dump = async (binary: QemuBinary): Promise<VmstateDump> =>
      parseDump(await dumpVmstate(binary, how), `'${binary.command}'`);
    const [dumpA, dumpB] = await Promise.all([dump(a), dump(b)]);
    const report: VmstateReport = {
      drover: droverVersion(),
      machine,
      a: comparedQemu(a.command, featuresA, dumpA.devices.size),
      b: comparedQemu(b.command, featuresB, dumpB.devices.size),
      devices: compareDumps(dumpA, dumpB),
    };
    await print(lines(vmstateLines(report)));
    return await writeFiles(
      [
        [options.json, [vmstateJson(report)]],
        [options.html, vmstateHtmlPieces(report)],
      ],
      mustBreak(report) ? exitCodes.failed : exitCodes.passed,
    );
  });
}

function machineFor(
  alias: string,
  wanted: string | undefined,
  a: QemuFeatures,
  b: QemuFeatures,
): string {
  if (wanted === undefined) {
    const newest = newestCommonMachine(alias, a, b);
    if (newest !== undefined) return newest;
  }
  const choice = chooseMachine({ alias, wanted }, a, b);
  if (choice.kind === 'chosen') return choice.machine;
  throw new HarnessError({ code: 'unknown-machine', blame: 'usage', message: choice.reason });
}
