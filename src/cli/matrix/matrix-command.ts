/**
 * `drover matrix`: every ordered pair of several QEMUs, one after another, and a grid of their
 * results.
 */
import { removeLogs } from '../../report/log/read-log.js';
import { loadCatalogue } from '../run/catalogue.js';
import type { Environment } from '../process/environment.js';
import { reportMatrix } from './matrix-report.js';
import { runPairs } from './matrix-session.js';
import type { MatrixOptions } from './matrix-session.js';
import { withExamples } from '../options/help.js';
import type { AddCommand } from '../options/help.js';
import {
  collect,
  withAttemptOptions,
  withOwnTests,
  withPairOptions,
  withSelectionOptions,
} from '../options/options.js';
import { checkReportOptions } from '../options/report-options.js';
import { select } from '../run/planned-tests.js';
import { Qemus } from '../run/probed-qemus.js';
import { resolveSeveral } from '../run/resolve-binaries.js';
import { limitsOfRun } from '../run/run-limits.js';
import { makeOutputDirectory, withWorkplace } from '../run/run-workspace.js';
import { shardArgument } from '../run/shard-option.js';

export const addMatrixCommand: AddCommand = (program, environment, finish) => {
  const command = program
    .command('matrix')
    .description('run tests for every pair of several QEMUs, in both directions')
    .optionsGroup('QEMU:')
    .option('--qemu <command>', 'a QEMU; give at least two', collect, [])
    .option('--cross-only', 'leave out the pairs of a QEMU with itself')
    .option('--shard <index/total>', 'run one part of the pairs, such as 2/5', shardArgument);
  withAttemptOptions(withOwnTests(withSelectionOptions(withPairOptions(command))))
    .optionsGroup('Results:')
    .option('--json <file>', 'write the grid and all results as one JSON document')
    .option('--html <file>', 'write the grid, all failures and skip reasons as one HTML file')
    .option('--out <dir>', 'write a folder for each pair: its event log and evidence of failures')
    .action(async (options: MatrixOptions) => {
      finish(await matrixCommand(options, environment));
    });
  withExamples(command, {
    'drover matrix --qemu old/qemu-system-x86_64 --qemu new/qemu-system-x86_64 --html grid.html':
      'the smoke tests from old to new, new to old, and each with itself',
  });
};

async function matrixCommand(options: MatrixOptions, environment: Environment): Promise<number> {
  const hint = "to test one QEMU with itself use 'drover run --qemu'";
  const binaries = resolveSeveral(options.qemu, environment, hint);
  const [{ arch }] = binaries;
  const catalogue = await loadCatalogue(options, arch);
  const selected = select(options, catalogue, { arch, flaky: environment.flaky });
  if (options.out !== undefined) makeOutputDirectory(options.out);
  await checkReportOptions(options);
  if (options.out !== undefined) await removeLogs(options.out);
  const limits = limitsOfRun(options, selected, arch);
  return await withWorkplace(environment, async (place) => {
    const pool = place.startPool(limits.slots);
    const { signal } = place.interruption;
    const qemus = new Qemus(environment, place.probeDirectory, signal, options.cache);
    const what = { options, environment, binaries, catalogue, selected, limits };
    return await reportMatrix(
      await runPairs({ ...what, pool, qemus, place }),
      options,
      environment,
    );
  });
}
