/** `drover chain`: one guest moved along several QEMUs, and checked after each leg. */
import type { Command } from 'commander';
import { chainTests } from '../../suite/tests/chain-tests.js';
import type { Catalogue } from './catalogue.js';
import { withCoverage } from './coverage-option.js';
import type { Environment } from '../process/environment.js';
import {
  collect,
  withAttemptOptions,
  withPairOptions,
  withPathOptions,
} from '../options/options.js';
import type { PathOptions } from '../options/options.js';
import { select } from './planned-tests.js';
import { resolveSeveral } from './resolve-binaries.js';
import { withReportOptions } from '../options/report-options.js';
import { runSelected } from './run-selected.js';
import type { SelectedOptions } from './run-selected.js';

interface ChainOptions extends PathOptions, SelectedOptions {
  readonly qemu: readonly string[];
  readonly back?: boolean;
}

const catalogue: Catalogue = { all: chainTests, usual: chainTests, fileOf: () => undefined };

export function addChainCommand(
  program: Command,
  environment: Environment,
  finish: (exitCode: number) => void,
): void {
  const command = program
    .command('chain')
    .description('move one guest along several QEMUs and prove its memory after each leg')
    .option('--qemu <command>', 'the next QEMU (repeatable, at least two)', collect, [])
    .option('--back', 'and the same way back to the first');
  withPathOptions(withPairOptions(command)).option(
    '-l',
    'list the tests that would be run, and why others would not',
  );
  withCoverage(withReportOptions(withAttemptOptions(command)))
    .option('--out <dir>', 'put the event log and the evidence of failures there')
    .action(async (options: ChainOptions) => {
      finish(await chainCommand(options, environment));
    });
}

async function chainCommand(options: ChainOptions, environment: Environment): Promise<number> {
  const hint = "there and back with one is 'drover run -r chain'";
  const given = resolveSeveral(options.qemu, environment, hint);
  const route = options.back === true ? [...given, ...given.toReversed().slice(1)] : given;
  const [source] = given;
  const destination = route.at(-1) ?? source;
  const { arch } = source;
  // all of them, whatever their level: there is nothing else to run
  const selection = { ...options, tests: [], level: 'quarantine' } as const;
  const selected = select(selection, catalogue, { arch, flaky: environment.flaky });
  const binaries = { source, destination };
  return await runSelected({ options, environment, binaries, route, catalogue, selected });
}
