/** `drover matrix`: every ordered pair of several QEMUs, one after another, and a grid of their results. */
import type { Command } from 'commander';
import { toFailure } from '../../model/errors.js';
import { checkReportPath, writeAtomically } from '../../report/atomic-file.js';
import type { Matrix } from '../../report/matrix/matrix.js';
import { matrixHtmlPieces } from '../../report/matrix/matrix-html.js';
import { matrixJsonPieces } from '../../report/matrix/matrix-json.js';
import { matrixLines } from '../../report/matrix/matrix-text.js';
import { paintWith } from '../../report/console/colors.js';
import { fullPath } from '../../suite/select.js';
import { loadCatalogue } from '../run/catalogue.js';
import type { Environment } from '../process/environment.js';
import { exitCodes, worstExitCode } from '../process/exit-codes.js';
import { identify, runPairs } from './matrix-session.js';
import type { MatrixOptions } from './matrix-session.js';
import { lines } from '../process/print.js';
import { outputIsTerminal } from '../process/stdout-errors.js';
import { withExamples } from '../options/help.js';
import {
  collect,
  withAttemptOptions,
  withOwnTests,
  withPairOptions,
  withSelectionOptions,
} from '../options/options.js';
import { select } from '../run/planned-tests.js';
import { Qemus } from '../run/probed-qemus.js';
import { resolveSeveral } from '../run/resolve-binaries.js';
import { droverVersion } from '../process/version.js';
import { limitsOfRun } from '../run/run-limits.js';
import { makeOutputDirectory, withWorkplace } from '../run/run-workspace.js';

export function addMatrixCommand(
  program: Command,
  environment: Environment,
  finish: (exitCode: number) => void,
): void {
  const command = program
    .command('matrix')
    .description('run tests for every pair of several QEMUs, in both directions')
    .optionsGroup('QEMU:')
    .option('--qemu <command>', 'a QEMU; give at least two', collect, [])
    .option('--cross-only', 'leave out the pairs of a QEMU with itself');
  withAttemptOptions(withOwnTests(withSelectionOptions(withPairOptions(command))))
    .optionsGroup('Results:')
    .option('--json <file>', 'write the grid and all results as one JSON document')
    .option(
      '--html <file>',
      'write the grid, the failures and the reasons of skips as one HTML file',
    )
    .option(
      '--out <dir>',
      'write event logs and the evidence of failures to this folder, with a folder for each pair',
    )
    .action(async (options: MatrixOptions) => {
      finish(await matrixCommand(options, environment));
    });
  withExamples(command, {
    'drover matrix --qemu old/qemu-system-x86_64 --qemu new/qemu-system-x86_64 --html grid.html':
      'the smoke tests from old to new, new to old, and each with itself',
  });
}

async function matrixCommand(options: MatrixOptions, environment: Environment): Promise<number> {
  const one = "to test one QEMU with itself use 'drover run --qemu'";
  const binaries = resolveSeveral(options.qemu, environment, one);
  const [{ arch }] = binaries;
  const catalogue = await loadCatalogue(options);
  const selected = select(options, catalogue, { arch, flaky: environment.flaky });
  if (options.out !== undefined) makeOutputDirectory(options.out);
  for (const file of [options.json, options.html]) {
    if (file !== undefined) await checkReportPath(file);
  }
  const limits = limitsOfRun(options, selected, arch);
  const startMs = performance.now();
  const time = new Date().toISOString();
  return await withWorkplace(environment, async (place) => {
    const { interruption, probeDirectory } = place;
    const pool = place.startPool(limits.slots);
    const qemus = new Qemus(environment, probeDirectory, interruption.signal, options.cache);
    const identities = await identify(binaries, qemus, interruption.signal);
    const input = {
      options,
      environment,
      binaries,
      identities,
      catalogue,
      selected,
      qemus,
      limits,
      pool,
      place,
    };
    const results = await runPairs(input);
    const codes = results.flat().map((result) => ('exitCode' in result ? result.exitCode : 0));
    const matrix: Matrix = {
      drover: droverVersion(),
      time,
      durationMs: performance.now() - startMs,
      arch,
      tests: selected.map((test) => fullPath(arch, test)),
      qemus: identities,
      results,
      exitCode: interruption.signal.aborted ? exitCodes.cancelled : worstExitCode(codes),
    };
    return await report(matrix, options, environment);
  });
}

/** A file that could not be written turns exit code 0 into 3. */
async function report(
  matrix: Matrix,
  options: MatrixOptions,
  { color }: Environment,
): Promise<number> {
  process.stdout.write(lines(matrixLines(matrix, paintWith(color && outputIsTerminal()))));
  let { exitCode } = matrix;
  for (const [file, pieces] of [
    [options.json, matrixJsonPieces],
    [options.html, matrixHtmlPieces],
  ] as const) {
    if (file === undefined) continue;
    try {
      await writeAtomically(file, pieces(matrix));
    } catch (error) {
      process.stderr.write(`drover: ${toFailure(error).message}\n`);
      if (exitCode === exitCodes.passed) exitCode = exitCodes.broken;
    }
  }
  return exitCode;
}
