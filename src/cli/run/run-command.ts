/** `drover run`: from options to the tests and QEMUs of a run. */
import type { Arch } from '../../model/arch.js';
import type { DroverEvent } from '../../model/events.js';
import { noTimings } from '../../schedule/timings.js';
import { readTimings } from '../../schedule/timings-file.js';
import type { DebugPlan } from '../../qemu/debug-tools.js';
import type { TestDefinition } from '../../suite/definition.js';
import { fullPath } from '../../suite/select.js';
import { loadCatalogue } from './catalogue.js';
import { withCoverage } from './coverage-option.js';
import { debugArgument, isAttended, planDebug } from './debug-option.js';
import type { DebugRequest } from './debug-option.js';
import type { Environment } from '../process/environment.js';
import { onlyLastFailed } from './last-failed-option.js';
import {
  withAttemptOptions,
  withOwnTests,
  withPairOptions,
  withPolicyOptions,
  withQemuOptions,
  withSelectionOptions,
} from '../options/options.js';
import type {
  OwnTestsOption,
  PolicyOptions,
  QemuOptions,
  SelectionOptions,
} from '../options/options.js';
import { select } from './planned-tests.js';
import { readQuarantine } from './quarantine.js';
import { resolveBinaries } from './resolve-binaries.js';
import { withReportOptions } from '../options/report-options.js';
import { runSelected } from './run-selected.js';
import type { SelectedOptions } from './run-selected.js';
import { withExamples } from '../options/help.js';
import type { AddCommand } from '../options/help.js';
import { shardArgument, shardOfEnvironment, takeShard, touchStatusFile } from './shard-option.js';
import type { ShardRequest } from './shard-option.js';

export interface RunOptions
  extends QemuOptions, SelectionOptions, OwnTestsOption, PolicyOptions, SelectedOptions {
  readonly debug?: DebugRequest;
  readonly shard?: ShardRequest;
  readonly lastFailed?: string;
  readonly fleet?: string;
}

export const addRunCommand: AddCommand = (program, environment, finish) => {
  const command = program.command('run').description('run migration tests and verify guest memory');
  withOwnTests(withSelectionOptions(withPairOptions(withQemuOptions(command))))
    .option('--shard <index/total>', 'run one part of the tests, such as 2/5', shardArgument)
    .option(
      '--last-failed <dir>',
      'run only tests that failed, broke, were cancelled or did not run in an earlier run; DIR is its --out',
    )
    .option('-l', 'list the tests that would run, and why others would not; then exit');
  withPolicyOptions(withAttemptOptions(command))
    .option(
      '--debug <tool>',
      'run one test, without a deadline, with QEMU under gdb, valgrind, strace or rr; TOOL:source or TOOL:destination: one side only',
      debugArgument,
    )
    .option(
      '--fleet <dir>',
      "run the tests on the hosts of a fleet; DIR is the folder of 'drover fleet up', on this host",
    );
  withCoverage(withReportOptions(command))
    .option(
      '--out <dir>',
      'write the event log and the evidence of failures (with --keep: of all tests) to this folder; replaces the event log in it',
    )
    .action(async (options: RunOptions) => {
      finish(await runCommand(options, environment));
    });
  withExamples(command, {
    'drover run --qemu build/qemu-system-x86_64': 'the smoke tests, both sides with this QEMU',
    'drover run --level full -r /migration/multifd --out results':
      'all multifd tests of levels smoke and full; evidence of failures in results/',
  });
};

export async function runCommand(
  options: RunOptions,
  environment: Environment,
  onEvent?: (event: DroverEvent) => void,
): Promise<number> {
  const binaries = resolveBinaries(options, environment);
  const { arch } = binaries.source;
  const catalogue = await loadCatalogue(options, arch);
  const { flaky } = environment;
  const meant =
    options.lastFailed === undefined
      ? select(options, catalogue, { arch, flaky })
      : await onlyLastFailed(options.lastFailed, options, catalogue, { arch, flaky });
  const timings =
    (options.timings === undefined ? undefined : readTimings(options.timings)) ?? noTimings;
  const shardRequest = options.shard ?? shardOfEnvironment(environment.shard);
  const nameOf = (test: TestDefinition): string => fullPath(arch, test);
  const { tests: selected, shard } = takeShard(shardRequest, meant, timings, nameOf);
  const debug = debugPlanOf(options, selected, arch, environment);
  const today = new Date().toISOString().slice(0, 10);
  const quarantine =
    options.quarantine === undefined
      ? undefined
      : readQuarantine(options.quarantine, { tests: catalogue.all, arch, today });
  touchStatusFile(environment.shard.shardStatusFile);
  const policy = { ...options, shard, timings, timingsFile: options.timings, quarantine };
  const what = { options, environment, binaries, catalogue, selected, debug, onEvent, policy };
  if (options.fleet === undefined) return await runSelected(what);
  // its packages are optional
  const { runOverFleet } = await import('./fleet-option.js');
  return await runOverFleet(what, options.fleet);
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
