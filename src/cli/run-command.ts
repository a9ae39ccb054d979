/** `drover run`: from options to a plan, from the plan to events, from the outcome to the exit code. */
import { mkdirSync } from 'node:fs';
import type { Command } from 'commander';
import { platforms } from '../model/arch.js';
import { HarnessError } from '../model/errors.js';
import { unmet } from '../model/features.js';
import type { Need } from '../model/features.js';
import { probeHost } from '../migration/host-probes.js';
import type { PairPlan } from '../migration/plan.js';
import { RunDirectory, createTestDirectory, removeDirectory } from '../qemu/work-directory.js';
import { checkReportPath } from '../report/atomic-file.js';
import { defaultJobs } from '../schedule/capacity.js';
import { WorkerPool } from '../schedule/pool.js';
import type { PlannedTest } from '../schedule/run.js';
import type { DebugPlan } from '../qemu/debug-tools.js';
import type { TestDefinition } from '../suite/definition.js';
import { fullPath, selectTests } from '../suite/select.js';
import { loadCatalogue } from './catalogue.js';
import type { Catalogue } from './catalogue.js';
import { debugArgument, isAttended, planDebug } from './debug-option.js';
import type { DebugWish } from './debug-option.js';
import type { Environment } from './environment.js';
import { exitCodes } from './exit-codes.js';
import { hostCapacity } from './host.js';
import {
  countUpTo,
  levelOf,
  secondsArgument,
  withOwnTests,
  withQemuOptions,
  withSelectionOptions,
} from './options.js';
import type { OwnTestsOption, QemuOptions, SelectionOptions } from './options.js';
import { Qemus, planPair, resolveBinaries } from './qemus.js';
import type { Planned } from './qemus.js';
import { runSession } from './run-session.js';
import type { SessionOptions } from './run-session.js';
import { catchSignals } from './signals.js';

interface RunOptions extends QemuOptions, SelectionOptions, OwnTestsOption, SessionOptions {
  readonly l?: boolean;
  readonly jobs?: number;
  readonly debug?: DebugWish;
}

export function addRunCommand(
  program: Command,
  environment: Environment,
  finish: (exitCode: number) => void,
): void {
  const command = program.command('run').description('migrate guests and prove their memory');
  withOwnTests(withSelectionOptions(withQemuOptions(command)))
    .option('-l', 'list the tests that would be run, and why others would not')
    .option(
      '-j, --jobs <count>',
      'pairs at the same time (default: by cores and memory)',
      countUpTo(256),
    )
    .option('--timeout <seconds>', 'deadline of each test', secondsArgument, 120)
    .option(
      '--debug <tool>',
      'run one test with QEMU under gdb, valgrind, strace or rr; TOOL:source or TOOL:destination for one side',
      debugArgument,
    )
    .option('--repeat <count>', 'run everything this many times', countUpTo(1e9), 1)
    .option('-k, --keep-going', 'always on; accepted for GLib users')
    .option('--keep', "keep every test's directory, not only where a test did not pass")
    .option('--tap', 'TAP on standard output')
    .option('--junit <file>', 'write a JUnit XML report')
    .option('--json <file>', 'write all results as one JSON document')
    .option('--out <dir>', 'put the event log and the evidence of failures there')
    .action(async (options: RunOptions) => {
      finish(await runCommand(options, environment));
    });
}

async function runCommand(options: RunOptions, environment: Environment): Promise<number> {
  const binaries = resolveBinaries(options, environment);
  const { arch } = binaries.source;
  const catalogue = await loadCatalogue(options);
  const selected = select(options, catalogue, arch);
  const debug = debugPlanOf(options, selected, arch, environment);
  if (options.out !== undefined) makeOutputDirectory(options.out);
  for (const file of [options.junit, options.json]) {
    if (file !== undefined) await checkReportPath(file);
  }
  // More threads than attempts would only be started and ended again.
  const jobs = Math.min(
    options.jobs ??
      (debug !== undefined ? 1 : defaultJobs(hostCapacity(), platforms[arch].ramBytes)),
    selected.length * options.repeat,
  );
  // Before anything exists that a signal could leave behind.
  using interruption = catchSignals(exitCodes.cancelled);
  const { signal } = interruption;
  await using run = new RunDirectory(environment.temporaryDirectory);
  // Threads take a while to start: let them, while the QEMUs are probed.
  const pool = options.l === true ? undefined : new WorkerPool(jobs);
  const leave = async (): Promise<void> => {
    // Ends the threads and, through the launcher, every QEMU with them.
    await pool?.close();
    await run[Symbol.asyncDispose]();
  };
  interruption.force = () => {
    void leave().finally(() => process.exit(exitCodes.cancelled));
  };
  try {
    const probeDirectory = createTestDirectory(run.path, 'probe');
    const qemus = new Qemus(environment, probeDirectory, signal, options.cache);
    const planned = await addHostFacts(
      await planPair({ binaries, options, environment, qemus }),
      selected,
      { directory: probeDirectory, signal },
    );
    await removeDirectory(probeDirectory);
    const tests = planTests(selected, planned, catalogue);
    if (pool === undefined) {
      process.stdout.write(listing(tests));
      return exitCodes.passed;
    }
    const { plan } = planned;
    const directory = run.path;
    return await runSession({
      options,
      environment,
      plan,
      debug,
      tests,
      jobs,
      pool,
      directory,
      interruption,
    });
  } catch (error) {
    if (signal.aborted) return exitCodes.cancelled;
    throw error;
  } finally {
    await pool?.close();
  }
}

function debugPlanOf(
  { debug, jobs }: RunOptions,
  selected: readonly TestDefinition[],
  arch: PairPlan['arch'],
  { searchPath }: Environment,
): DebugPlan | undefined {
  if (debug === undefined) return undefined;
  const names = selected.map((test) => fullPath(arch, test));
  return planDebug(debug, { searchPath, isTerminal: isAttended(), selected: names, jobs });
}

function makeOutputDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true });
  } catch (cause) {
    throw new HarnessError({
      code: 'output-directory',
      blame: 'usage',
      message: `--out: cannot make '${directory}': ${cause instanceof Error ? cause.message : String(cause)}`,
      cause,
    });
  }
}

/** Looks at the host for what those tests need whose other needs both QEMUs meet. */
async function addHostFacts(
  planned: Planned,
  selected: readonly TestDefinition[],
  place: { readonly directory: string; readonly signal: AbortSignal },
): Promise<Planned> {
  if (planned.kind === 'absent') return planned;
  const { plan } = planned;
  const needs = selected.flatMap((test) => {
    const all = test.needs ?? [];
    const others = all.filter(({ kind }) => kind !== 'host');
    return skipReason({ ...test, needs: others }, plan) === undefined ? all : [];
  });
  return { ...planned, plan: { ...plan, host: await probeHost(needs, { plan, ...place }) } };
}

/** Every selected test, with the reason where this pair of QEMUs cannot run it. */
function planTests(
  selected: readonly TestDefinition[],
  planned: Planned,
  { fileOf }: Catalogue,
): PlannedTest[] {
  const { plan } = planned;
  return selected.map((test) => {
    const file = fileOf(test);
    const skip = planned.kind === 'absent' ? planned.reason : skipReason(test, plan);
    return {
      path: test.path,
      name: fullPath(plan.arch, test),
      usualMs: test.usualMs ?? 1000,
      ...(file === undefined ? {} : { file }),
      ...(skip === undefined ? {} : { skip }),
    };
  });
}

function skipReason(test: TestDefinition, plan: PairPlan): string | undefined {
  if (test.arches?.includes(plan.arch) === false) {
    return `only for ${test.arches.join(', ')}`;
  }
  // what a QEMU lacks for good comes before what this host lacks
  const hostLast = (need: Need): number => (need.kind === 'host' ? 1 : 0);
  for (const need of (test.needs ?? []).toSorted((a, b) => hostLast(a) - hostLast(b))) {
    const reason =
      unmet(need, plan.sourceFeatures, plan.host) ??
      unmet(need, plan.destinationFeatures, plan.host);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

function listing(tests: readonly PlannedTest[]): string {
  return tests
    .map(({ name, skip }) => `${name}${skip === undefined ? '' : `  # skip: ${skip}`}\n`)
    .join('');
}

function select(
  options: RunOptions,
  { all, usual }: Catalogue,
  arch: PairPlan['arch'],
): TestDefinition[] {
  // a skip may name any test; what is taken where none is named are the user's own
  const named = options.p.length + options.runPrefix.length > 0;
  const selected = selectTests(
    all,
    {
      level: levelOf(options),
      paths: options.p,
      prefixes: options.runPrefix,
      skipPaths: options.s,
      skipPrefixes: options.skipPrefix,
    },
    arch,
  ).filter((test) => named || usual.includes(test));
  if (selected.length === 0) {
    const higher = usual.filter(({ level }) => level !== 'smoke').length;
    const hint =
      options.tests.length > 0 && higher > 0
        ? `; of your own, ${higher} ${higher === 1 ? 'is' : 'are'} above level smoke: name them with -p, or raise --level`
        : '';
    throw new HarnessError({
      code: 'nothing-selected',
      blame: 'usage',
      message: `the filters leave no test to run${hint}`,
    });
  }
  return selected;
}
