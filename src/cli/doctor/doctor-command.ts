/** `drover doctor`: a table of what this host and each QEMU can do, and why not. */
import Table from 'cli-table3';
import { RunDirectory } from '../../qemu/work-directory.js';
import { toFailure } from '../../model/errors.js';
import { resolveBinary } from '../../qemu/binary.js';
import type { QemuBinary } from '../../qemu/binary.js';
import { hostChecks, qemuChecks } from './doctor-checks.js';
import type { Check } from './doctor-checks.js';
import type { Environment } from '../process/environment.js';
import { withExamples } from '../options/help.js';
import type { AddCommand } from '../options/help.js';
import { exitCodes } from '../process/exit-codes.js';
import { Qemus } from '../run/probed-qemus.js';
import { resolveBinaries } from '../run/resolve-binaries.js';
import { catchSignals } from '../process/signals.js';

interface DoctorOptions {
  readonly qemu: readonly string[];
  readonly json?: boolean;
  readonly cache: boolean;
}

interface Section {
  readonly title: string;
  readonly checks: readonly Check[];
}

export const addDoctorCommand: AddCommand = (program, environment, finish) => {
  const command = program
    .command('doctor')
    .description('show what this host and its QEMUs can do, and why not')
    .option(
      '--qemu <command>',
      'a QEMU to probe; repeatable (default: those that drover run would use)',
      (value: string, before: string[]) => [...before, value],
      [],
    )
    .option('--no-cache', 'probe again instead of reusing what Drover found')
    .option('--json', 'write JSON instead of text')
    .action(async (options: DoctorOptions) => {
      finish(await doctor(options, environment));
    });
  withExamples(command, {
    'drover doctor --qemu build/qemu-system-x86_64': 'can this QEMU run the tests here?',
  });
};

async function doctor(options: DoctorOptions, environment: Environment): Promise<number> {
  using interruption = catchSignals(exitCodes.cancelled);
  await using directory = new RunDirectory(environment.temporaryDirectory);
  interruption.force = () => {
    void directory[Symbol.asyncDispose]().finally(() => process.exit(exitCodes.cancelled));
  };
  const qemus = new Qemus(environment, directory.path, interruption.signal, options.cache);
  const sections: Section[] = [{ title: 'this host', checks: await hostChecks(environment) }];
  for (const named of binariesOf(options, environment)) {
    sections.push(await section(named, qemus));
  }
  if (interruption.signal.aborted) return exitCodes.cancelled;
  process.stdout.write(
    options.json === true ? `${JSON.stringify(sections, null, 2)}\n` : render(sections),
  );
  const canRun = sections.some(({ checks }) =>
    checks.some(({ what, answer }) => what.startsWith('accelerator') && answer === 'yes'),
  );
  return canRun ? exitCodes.passed : exitCodes.broken;
}

type Named = { readonly title: string } & (
  { readonly binary: QemuBinary } | { readonly problem: string }
);

function binariesOf(options: DoctorOptions, environment: Environment): Named[] {
  if (options.qemu.length > 0) {
    return options.qemu.map((command) => ({
      title: command,
      binary: resolveBinary(command, { searchPath: environment.searchPath, origin: '--qemu' }),
    }));
  }
  try {
    const { source, destination } = resolveBinaries({}, environment);
    const both = source.command === destination.command ? [source] : [source, destination];
    return both.map((binary) => ({ title: binary.command, binary }));
  } catch (error) {
    return [{ title: 'QEMU', problem: toFailure(error).message }];
  }
}

async function section(named: Named, qemus: Qemus): Promise<Section> {
  const { title } = named;
  if ('problem' in named) {
    return { title, checks: [{ what: 'QEMU', answer: 'no', detail: named.problem }] };
  }
  try {
    return { title, checks: await qemuChecks(named.binary, qemus) };
  } catch (error) {
    const { message, details = [] } = toFailure(error);
    return {
      title,
      checks: [{ what: 'QEMU', answer: 'no', detail: [message, ...details].join('\n') }],
    };
  }
}

/** rules between rows only make a long table longer */
const noRules = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' } as const;

function render(sections: readonly Section[]): string {
  return sections
    .map(({ title, checks }) => {
      const table = new Table({
        style: { head: [], border: [] },
        colWidths: [34, 5, 80],
        wordWrap: true,
        chars: noRules,
      });
      for (const { what, answer, detail } of checks) {
        table.push([what, answer === 'info' ? '' : answer, detail]);
      }
      return `${title}\n${table.toString()}\n`;
    })
    .join('\n');
}
