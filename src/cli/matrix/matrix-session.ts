/** The pairs of a matrix, one after another. A pair that cannot start is a result like others. */
import path from 'node:path';
import { HarnessError, toFailure } from '../../model/errors.js';
import type { QemuBinary } from '../../qemu/binary.js';
import { uniqueLabels } from '../../report/matrix/matrix.js';
import type { MatrixQemu, PairResult } from '../../report/matrix/matrix.js';
import { pairName } from '../../report/matrix/matrix-text.js';
import { printableLine } from '../../model/text/printable.js';
import { RunRecord } from '../../report/fold/summary.js';
import { noTimings } from '../../schedule/timings.js';
import type { Limits } from '../../model/demand.js';
import type { WorkerPool } from '../../schedule/pool.js';
import type { TestDefinition } from '../../suite/definition.js';
import type { Catalogue } from '../run/catalogue.js';
import type { Environment } from '../process/environment.js';
import { exitCodeOfBlame, exitCodes } from '../process/exit-codes.js';
import type {
  AttemptOptions,
  OwnTestsOption,
  PairOptions,
  SelectionOptions,
} from '../options/options.js';
import { addHostFacts, planTests } from '../run/planned-tests.js';
import { planPair } from '../run/plan-pair.js';
import type { Qemus } from '../run/probed-qemus.js';
import type { Binaries } from '../run/resolve-binaries.js';
import { withoutMisfits } from '../run/run-limits.js';
import { runSession } from '../run/run-session.js';
import { makeOutputDirectory } from '../run/run-workspace.js';
import type { Workplace } from '../run/run-workspace.js';

export interface MatrixOptions
  extends PairOptions, SelectionOptions, OwnTestsOption, AttemptOptions {
  readonly qemu: readonly string[];
  readonly crossOnly?: boolean;
  readonly json?: string;
  readonly html?: string;
  readonly out?: string;
}

export interface MatrixInput {
  readonly options: MatrixOptions;
  readonly environment: Environment;
  readonly binaries: readonly QemuBinary[];
  /** of the binaries, in their order */
  readonly identities: readonly MatrixQemu[];
  readonly catalogue: Catalogue;
  readonly selected: readonly TestDefinition[];
  readonly qemus: Qemus;
  readonly limits: Limits;
  readonly pool: WorkerPool;
  readonly place: Workplace;
}

/** Asks each QEMU what it is. One that does not answer stays in the grid, with the reason. */
export async function identify(
  binaries: readonly QemuBinary[],
  qemus: Qemus,
  signal: AbortSignal,
): Promise<MatrixQemu[]> {
  const found: Omit<MatrixQemu, 'label'>[] = [];
  for (const binary of binaries) {
    const { command } = binary;
    try {
      const { version, package: build } = await qemus.features(binary);
      found.push({ command, version, package: build });
    } catch (error) {
      if (signal.aborted) throw error;
      found.push({ command, failure: toFailure(error) });
    }
  }
  const labels = uniqueLabels(found.map(({ version }) => version));
  return found.map((qemu, index) => ({ label: labels[index] ?? '', ...qemu }));
}

interface Pair {
  readonly source: string;
  readonly destination: string;
  readonly binaries: Binaries;
}

/** A row for each source. */
export async function runPairs(input: MatrixInput): Promise<PairResult[][]> {
  const { binaries, identities, options, place } = input;
  const { signal } = place.interruption;
  const count = binaries.length;
  const total = count * count - (options.crossOnly === true ? count : 0);
  // The console of each pair keeps listening for errors of the output to the end.
  process.stdout.setMaxListeners(process.stdout.getMaxListeners() + total);
  const labelOf = (index: number): string => identities[index]?.label ?? '';
  const rows: PairResult[][] = [];
  let number = 0;
  for (const [row, source] of binaries.entries()) {
    const results: PairResult[] = [];
    for (const [column, destination] of binaries.entries()) {
      if (row === column && options.crossOnly === true) {
        results.push({ kind: 'left-out' });
        continue;
      }
      number += 1;
      if (signal.aborted) {
        results.push({ kind: 'not-run' });
        continue;
      }
      const pair = {
        source: labelOf(row),
        destination: labelOf(column),
        binaries: { source, destination },
      };
      process.stdout.write(
        `${number === 1 ? '' : '\n'}pair ${number} of ${total}: ${pairName(pair)}\n`,
      );
      results.push(await runPair(pair, input));
    }
    rows.push(results);
  }
  return rows;
}

async function runPair(pair: Pair, input: MatrixInput): Promise<PairResult> {
  const { options, environment, catalogue, selected, qemus, limits, pool, place } = input;
  const { directory, probeDirectory, interruption } = place;
  const { signal } = interruption;
  const { binaries } = pair;
  const record = new RunRecord();
  try {
    const planned = await addHostFacts(
      await planPair({ binaries, options, environment, qemus }),
      selected,
      { directory: probeDirectory, signal, cache: qemus.cache },
    );
    const { timeout, repeat, keep = false } = options;
    const out = options.out && outputDirectory(options.out, pair);
    const exitCode = await runSession({
      options: { repeat, keep, timeout, out },
      environment,
      plan: planned.plan,
      tests: withoutMisfits(planTests(selected, planned, catalogue, noTimings), limits),
      limits,
      policy: {},
      pool,
      directory,
      interruption,
      onEvent: (event) => {
        record.add(event);
      },
    });
    return { kind: 'ran', record, exitCode };
  } catch (error) {
    if (signal.aborted) return { kind: 'not-run' };
    const exitCode =
      error instanceof HarnessError ? exitCodeOfBlame(error.blame) : exitCodes.broken;
    const failure = toFailure(error);
    process.stdout.write(`cannot start: ${printableLine(failure.message)}\n`);
    return { kind: 'not-started', failure, exitCode };
  }
}

/** `7.2.22-to-10.0.8`: labels are versions, and a number where that is not enough */
function outputDirectory(out: string, { source, destination }: Pair): string {
  const word = (label: string): string => label.replaceAll(/[^\w.]+/g, '-').replace(/-$/, '');
  const directory = path.join(out, `${word(source)}-to-${word(destination)}`);
  makeOutputDirectory(directory);
  return directory;
}
