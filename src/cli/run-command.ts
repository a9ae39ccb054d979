/** `drover run`: from options to a plan, from the plan to events, from the outcome to the exit code. */
import type { Command } from 'commander';
import type { Arch } from '../model/arch.js';
import { removeDirectory } from '../qemu/work-directory.js';
import type { PlannedTest } from '../schedule/run.js';
import type { QemuBinary } from '../qemu/binary.js';
import type { DebugPlan } from '../qemu/debug-tools.js';
import type { TestDefinition } from '../suite/definition.js';
import { fullPath } from '../suite/select.js';
import { loadCatalogue } from './catalogue.js';
import type { Catalogue } from './catalogue.js';
import { CoverageListener, withCoverage } from './coverage-option.js';
import type { CoverageOption } from './coverage-option.js';
import { debugArgument, isAttended, planDebug } from './debug-option.js';
import type { DebugWish } from './debug-option.js';
import type { Environment } from './environment.js';
import { exitCodes } from './exit-codes.js';
import {
  withAttemptOptions,
  withOwnTests,
  withPairOptions,
  withSelectionOptions,
} from './options.js';
import type {
  AttemptOptions,
  OwnTestsOption,
  PairOptions,
  QemuOptions,
  SelectionOptions,
} from './options.js';
import { addHostFacts, planTests, select } from './planned-tests.js';
import { Qemus, planPair, resolveBinaries } from './qemus.js';
import type { Binaries } from './qemus.js';
import { checkReportOptions, withReportOptions } from './report-options.js';
import type { ReportOptions } from './report-options.js';
import { runSession } from './run-session.js';
import { jobsFor, makeOutputDirectory, withWorkplace } from './workplace.js';

/** of all commands that run tests and report them as one run */
export interface SelectedOptions
  extends PairOptions, AttemptOptions, ReportOptions, CoverageOption {
  readonly l?: boolean;
  readonly out?: string;
}

interface RunOptions extends QemuOptions, SelectionOptions, OwnTestsOption, SelectedOptions {
  readonly debug?: DebugWish;
}

export interface SelectedRun {
  readonly options: SelectedOptions;
  readonly environment: Environment;
  readonly binaries: Binaries;
  /** of a chain */
  readonly route?: readonly QemuBinary[];
  readonly catalogue: Catalogue;
  readonly selected: readonly TestDefinition[];
  readonly debug?: DebugPlan | undefined;
}

export function addRunCommand(
  program: Command,
  environment: Environment,
  finish: (exitCode: number) => void,
): void {
  const command = program
    .command('run')
    .description('migrate guests and prove their memory')
    .option('--qemu <command>', 'QEMU for both sides, a program or a shell command prefix')
    .option('--qemu-src <command>', 'QEMU of the source')
    .option('--qemu-dst <command>', 'QEMU of the destination');
  withOwnTests(withSelectionOptions(withPairOptions(command))).option(
    '-l',
    'list the tests that would be run, and why others would not',
  );
  withCoverage(withReportOptions(withAttemptOptions(command)))
    .option(
      '--debug <tool>',
      'run one test with QEMU under gdb, valgrind, strace or rr; TOOL:source or TOOL:destination for one side',
      debugArgument,
    )
    .option('--out <dir>', 'put the event log and the evidence of failures there')
    .action(async (options: RunOptions) => {
      finish(await runCommand(options, environment));
    });
}

async function runCommand(options: RunOptions, environment: Environment): Promise<number> {
  const binaries = resolveBinaries(options, environment);
  const { arch } = binaries.source;
  const catalogue = await loadCatalogue(options);
  const selected = select(options, catalogue, { arch, flaky: environment.flaky });
  const debug = debugPlanOf(options, selected, arch, environment);
  return await runSelected({ options, environment, binaries, catalogue, selected, debug });
}

export async function runSelected(run: SelectedRun): Promise<number> {
  const { options, environment, binaries, route, catalogue, selected, debug } = run;
  const { arch } = binaries.source;
  if (options.out !== undefined) makeOutputDirectory(options.out);
  await checkReportOptions(options);
  const coverage = await CoverageListener.open(options, environment);
  const wanted = options.jobs ?? (debug === undefined ? undefined : 1);
  const jobs = jobsFor(wanted, arch, selected.length * options.repeat);
  return await withWorkplace(environment, async (place) => {
    const { directory, probeDirectory, interruption } = place;
    const { signal } = interruption;
    // Threads take a while to start: let them, while the QEMUs are probed.
    const pool = options.l === true ? undefined : place.startPool(jobs);
    const qemus = new Qemus(environment, probeDirectory, signal, options.cache);
    const planned = await addHostFacts(
      await planPair({
        ...{ binaries, options, environment, qemus },
        ...(route === undefined ? {} : { route }),
      }),
      selected,
      { directory: probeDirectory, signal, cache: qemus.cache },
    );
    await removeDirectory(probeDirectory);
    const tests = planTests(selected, planned, catalogue);
    if (pool === undefined) {
      process.stdout.write(listing(tests));
      return exitCodes.passed;
    }
    const { plan } = planned;
    const exitCode = await runSession({
      options,
      environment,
      plan,
      debug,
      tests,
      jobs,
      pool,
      directory,
      interruption,
      ...(coverage === undefined ? {} : { onEvent: coverage.onEvent }),
    });
    return (await coverage?.tell(exitCode)) ?? exitCode;
  });
}

function debugPlanOf(
  { debug, jobs }: RunOptions,
  selected: readonly TestDefinition[],
  arch: Arch,
  { searchPath }: Environment,
): DebugPlan | undefined {
  if (debug === undefined) return undefined;
  const names = selected.map((test) => fullPath(arch, test));
  return planDebug(debug, { searchPath, isTerminal: isAttended(), selected: names, jobs });
}

function listing(tests: readonly PlannedTest[]): string {
  return tests
    .map(({ name, skip }) => `${name}${skip === undefined ? '' : `  # skip: ${skip}`}\n`)
    .join('');
}
