/** `drover chain`: migrates one guest through several QEMUs and checks it after each leg. */
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
import { withExamples } from '../options/help.js';
import type { AddCommand } from '../options/help.js';
import { withReportOptions } from '../options/report-options.js';
import { runSelected } from './run-selected.js';
import type { SelectedOptions } from './run-selected.js';

interface ChainOptions extends PathOptions, SelectedOptions {
  readonly qemu: readonly string[];
  readonly back?: boolean;
}

const catalogue: Catalogue = { all: chainTests, usual: chainTests, fileOf: () => undefined };

export const addChainCommand: AddCommand = (program, environment, finish) => {
  const command = program
    .command('chain')
    .description('migrate one guest through several QEMUs and verify its memory after each leg')
    .optionsGroup('QEMU:')
    .option('--qemu <command>', 'the next QEMU; give at least two, in order', collect, [])
    .option('--back', 'then migrate back, the same way, to the first QEMU');
  withPathOptions(withPairOptions(command)).option(
    '-l',
    'list the tests that would run, and why others would not; then exit',
  );
  withCoverage(withReportOptions(withAttemptOptions(command)))
    .option('--out <dir>', 'write the event log and the evidence of failures to this folder')
    .action(async (options: ChainOptions) => {
      finish(await chainCommand(options, environment));
    });
  withExamples(command, {
    'drover chain --qemu old/qemu-system-x86_64 --qemu new/qemu-system-x86_64 --back':
      'from the old QEMU to the new one and back, one guest for each test',
  });
};

async function chainCommand(options: ChainOptions, environment: Environment): Promise<number> {
  const hint = "for a chain with one QEMU use 'drover run -r chain'";
  const given = resolveSeveral(options.qemu, environment, hint);
  const route = options.back === true ? [...given, ...given.toReversed().slice(1)] : given;
  const [source] = given;
  const destination = route.at(-1) ?? source;
  const { arch } = source;
  // the highest level: all chain tests run unless -p, -r, -s or -x select
  const selection = { ...options, tests: [], level: 'flaky' } as const;
  const selected = select(selection, catalogue, { arch, flaky: environment.flaky });
  const binaries = { source, destination };
  return await runSelected({ options, environment, binaries, route, catalogue, selected });
}
