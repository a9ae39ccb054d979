/** What runs stand on while they go on: a directory, worker threads, and a second Ctrl-C that still cleans up. */
import { mkdirSync } from 'node:fs';
import { HarnessError } from '../../model/errors.js';
import { RunDirectory, createTestDirectory } from '../../qemu/work-directory.js';
import { WorkerPool } from '../../schedule/pool.js';
import type { Environment } from '../process/environment.js';
import { exitCodes } from '../process/exit-codes.js';
import { catchSignals } from '../process/signals.js';
import type { Interruption } from '../process/signals.js';

export interface Workplace {
  readonly directory: string;
  /** for what is found out before the tests */
  readonly probeDirectory: string;
  readonly interruption: Interruption;
  /** Starts the threads; they end with the work. */
  startPool(threads: number): WorkerPool;
}

/** Does the work and takes everything away after it. The work gives the exit code. */
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

export function makeOutputDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true });
  } catch (cause) {
    throw new HarnessError({
      code: 'output-directory',
      blame: 'usage',
      message: `--out: cannot create '${directory}': ${cause instanceof Error ? cause.message : String(cause)}`,
      cause,
    });
  }
}
