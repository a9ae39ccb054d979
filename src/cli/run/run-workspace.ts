/**
 * What every run needs: a directory, worker threads, and cleaning up even after a second Ctrl-C.
 */
import { mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileProblem, usageError } from '../../model/errors.js';
import { RunDirectory, createTestDirectory } from '../../qemu/work-directory.js';
import { WorkerPool } from '../../schedule/pool.js';
import type { Environment } from '../process/environment.js';
import { exitCodes } from '../process/exit-codes.js';
import { catchSignals } from '../process/signals.js';
import type { Interruption } from '../process/signals.js';

export interface Workplace {
  readonly directory: string;
  /** for probes, before the tests */
  readonly probeDirectory: string;
  readonly interruption: Interruption;
  /** Starts the threads; they end with the work. */
  startPool(threads: number): WorkerPool;
}

/** Does the work and then removes all that it made. The work gives the exit code. */
export async function withWorkplace(
  environment: Environment,
  work: (place: Workplace) => Promise<number>,
): Promise<number> {
  // Before anything exists that a signal could leave behind.
  using interruption = catchSignals(exitCodes.cancelled);
  await using run = new RunDirectory(environment.temporaryDirectory);
  let pool: WorkerPool | undefined;
  const leave = async (): Promise<void> => {
    // Ends the threads and, through the launcher, every QEMU with them.
    await pool?.close();
    await run[Symbol.asyncDispose]();
  };
  interruption.force = () => {
    void leave().finally(() => process.exit(exitCodes.cancelled));
  };
  try {
    return await work({
      directory: run.path,
      probeDirectory: createTestDirectory(run.path, 'probe'),
      interruption,
      startPool: (threads) => (pool = new WorkerPool(threads)),
    });
  } catch (error) {
    if (interruption.signal.aborted) return exitCodes.cancelled;
    throw error;
  } finally {
    await pool?.close();
  }
}

const isFolder = (directory: string): boolean =>
  statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true;

/**
 * Not mkdir's `recursive`: in /proc, where nobody can make a folder, Node.js then tries for ever.
 */
function makeFolder(directory: string): void {
  if (isFolder(directory)) return;
  if (path.dirname(directory) !== directory) makeFolder(path.dirname(directory));
  try {
    mkdirSync(directory);
  } catch (error) {
    if (!isFolder(directory)) throw error; // not a second run that made it meanwhile
  }
}

export function makeOutputDirectory(directory: string): void {
  try {
    makeFolder(path.resolve(directory));
  } catch (cause) {
    throw usageError(
      'output-directory',
      `--out: cannot create the folder '${directory}': ${fileProblem(cause)}`,
      { cause },
    );
  }
}
