/** The pairs of a matrix, one after another. A pair that cannot start leaves events like others. */
import path from 'node:path';
import { HarnessError, toFailure, usageError } from '../../model/errors.js';
import { counted } from '../../model/text/format.js';
import type { DroverEvent, QemuIdentity } from '../../model/events.js';
import type { MatrixPair, MatrixQemu } from '../../model/matrix-pair.js';
import { printableLine } from '../../model/text/printable.js';
import type { QemuBinary } from '../../qemu/binary.js';
import { noCounts } from '../../report/fold/counts.js';
import { RunRecord } from '../../report/fold/summary.js';
import { EventLog } from '../../report/log/event-log.js';
import { logName } from '../../report/log/read-log.js';
import {
  isPair,
  nameOfPair,
  pairFolder,
  pairsOf,
  uniqueLabels,
} from '../../report/matrix/matrix.js';
import type { PairRecord } from '../../report/matrix/matrix.js';
import { testListDigest } from '../../schedule/shards.js';
import { fullPath } from '../../suite/select.js';
import type {
  AttemptOptions,
  OwnTestsOption,
  PairOptions,
  SelectionOptions,
} from '../options/options.js';
import { exitCodeOfBlame, exitCodes } from '../process/exit-codes.js';
import { runHead } from '../run/run-facts.js';
import { runPlanned } from '../run/run-selected.js';
import type { PlannedRun } from '../run/run-selected.js';
import { makeOutputDirectory } from '../run/run-workspace.js';
import type { ShardRequest } from '../run/shard-option.js';

export interface MatrixOptions
  extends PairOptions, SelectionOptions, OwnTestsOption, AttemptOptions {
  readonly qemu: readonly string[];
  readonly crossOnly?: boolean;
  readonly shard?: ShardRequest;
  readonly json?: string;
  readonly html?: string;
  readonly out?: string;
}

export interface MatrixRequest extends Omit<PlannedRun, 'options' | 'binaries'> {
  readonly options: MatrixOptions;
  readonly binaries: readonly QemuBinary[];
}

/** Asks each QEMU what it is. One that does not answer stays in the grid, with the reason. */
async function identify({ binaries, qemus, place }: MatrixRequest): Promise<MatrixQemu[]> {
  const found: Omit<MatrixQemu, 'label'>[] = [];
  for (const binary of binaries) {
    const { command } = binary;
    try {
      const { version, package: build, digest } = await qemus.features(binary);
      found.push({ command, version, package: build, digest });
    } catch (error) {
      if (place.interruption.signal.aborted) throw error;
      found.push({ command, failure: toFailure(error) });
    }
  }
  const labels = uniqueLabels(found.map(({ version }) => version));
  return found.map((qemu, index) => ({ label: labels[index] ?? '', ...qemu }));
}

export async function runPairs(input: MatrixRequest): Promise<PairRecord[]> {
  const { crossOnly = false, shard = { index: 1, total: 1 } } = input.options;
  const all = pairsOf({ qemus: await identify(input), crossOnly });
  const pairs = all.filter((_, index) => index % shard.total === shard.index - 1);
  if (pairs.length === 0) {
    throw usageError(
      'no-pairs',
      `--shard ${shard.index}/${shard.total}: no pair is left for this part; the matrix has ${counted(all.length, 'pair')}, so make no more parts`,
    );
  }
  // The console of each pair keeps listening for errors of the output to the end.
  process.stdout.setMaxListeners(process.stdout.getMaxListeners() + pairs.length);
  const records: PairRecord[] = [];
  for (const [index, pair] of pairs.entries()) {
    if (!input.place.interruption.signal.aborted) {
      const title = `pair ${index + 1} of ${pairs.length}: ${nameOfPair(pair)}`;
      process.stdout.write(`${index === 0 ? '' : '\n'}${title}\n`);
    }
    const record = await runPair(pair, input);
    if (isPair(record)) records.push(record);
  }
  return records;
}

async function runPair(matrix: MatrixPair, input: MatrixRequest): Promise<RunRecord> {
  const { json: _json, html: _html, ...options } = input.options;
  const { signal } = input.place.interruption;
  const [source, destination] = sides(matrix, input.binaries);
  const out = options.out === undefined ? undefined : path.join(options.out, pairFolder(matrix));
  if (out !== undefined) makeOutputDirectory(out);
  const record = new RunRecord();
  const onEvent = (event: DroverEvent): void => {
    record.add(event);
  };
  try {
    signal.throwIfAborted();
    const binaries = { source, destination };
    await runPlanned({ ...input, options: { ...options, out }, binaries, onEvent, matrix });
  } catch (error) {
    if (!signal.aborted) {
      process.stdout.write(`cannot start: ${printableLine(toFailure(error).message)}\n`);
    }
    const log =
      out === undefined
        ? undefined
        : new EventLog({ path: path.join(out, logName), replace: true });
    for (const event of notStarted(matrix, input, signal.aborted ? undefined : error)) {
      record.add(event);
      log?.onEvent(event);
    }
    await log?.close();
  }
  return record;
}

function sides<T>({ source, destination }: MatrixPair, of: readonly T[]): [T, T] {
  return [of[source], of[destination]] as [T, T];
}

/** @param error undefined if the matrix was cancelled before the turn of this pair */
function notStarted(
  matrix: MatrixPair,
  { options, environment, selected, binaries }: MatrixRequest,
  error: unknown,
): DroverEvent[] {
  const [{ arch }] = sides(matrix, binaries);
  const tests = selected.map((test) => fullPath(arch, test));
  const [source, destination] = sides(matrix, matrix.qemus).map(
    ({ label: _label, failure: _failure, ...program }) => ({
      ...{ arch, version: '', package: '' },
      ...program,
    }),
  ) as [QemuIdentity, QemuIdentity];
  const started = {
    ...runHead(),
    source,
    destination,
    machine: options.machine ?? environment.machine ?? 'none',
    accel: options.accel === 'auto' ? 'tcg' : options.accel,
    workers: 0,
    total: 0,
    tests,
    testList: testListDigest(tests),
    matrix,
  } as const;
  const ended = { type: 'run-finished', atMs: 0, durationMs: 0, counts: noCounts } as const;
  if (error === undefined) return [started, { ...ended, exitCode: exitCodes.cancelled }];
  const blame = error instanceof HarnessError ? error.blame : 'host';
  return [started, { ...ended, exitCode: exitCodeOfBlame(blame), failure: toFailure(error) }];
}
