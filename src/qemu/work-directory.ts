/**
 * Private directories (mode 0700) for runs and tests. QEMU's UNIX sockets live in them, so their
 * paths must stay short; a run checks that before any QEMU starts.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { cp, mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { HarnessError } from '../model/errors.js';

/** sun_path holds 108 bytes with its final NUL */
const socketPathLimit = 107;
/** the longest name below a test's directory that a test may give a socket */
const socketNameReserve = '/suspend-live-000-00000/migsocket-recover'.length;

/** Makes the directory of one run below `base`. */
export function createRunDirectory(base: string): string {
  let directory: string;
  try {
    directory = mkdtempSync(path.join(base, 'drover-'));
  } catch (cause) {
    throw directoryError(base, cause);
  }
  if (Buffer.byteLength(directory) + socketNameReserve > socketPathLimit) {
    rmSync(directory, { recursive: true, force: true });
    throw new HarnessError({
      code: 'path-too-long',
      blame: 'usage',
      message: `the temporary directory '${base}' has too long a path for UNIX sockets (at most ${socketPathLimit - socketNameReserve - '/drover-XXXXXX'.length} bytes); set TMPDIR to a shorter one`,
    });
  }
  return directory;
}

/** Makes the private directory of one test attempt. */
export function createTestDirectory(runDirectory: string, name: string): string {
  const directory = path.join(runDirectory, name);
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (cause) {
    throw directoryError(directory, cause);
  }
  return directory;
}

function directoryError(directory: string, cause: unknown): HarnessError {
  return new HarnessError({
    code: 'work-directory',
    blame: 'host',
    message: `cannot make a working directory in '${directory}': ${cause instanceof Error ? cause.message : String(cause)}; free some space, make it writable, or set TMPDIR to another folder`,
    cause,
  });
}

/** Removes a directory with all that is in it; absent is fine. */
export async function removeDirectory(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true, maxRetries: 3 });
}

/** Moves a directory, across file systems too. A socket left in it is no evidence and stays behind. */
export async function moveDirectory(from: string, to: string): Promise<void> {
  await mkdir(path.dirname(to), { recursive: true });
  await rm(to, { recursive: true, force: true });
  try {
    await rename(from, to);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EXDEV')) throw error;
    await cp(from, to, { recursive: true, filter: (file) => !statSync(file).isSocket() });
    await removeDirectory(from);
  }
}

/** Removes a directory if nothing is in it. */
export function removeIfEmpty(directory: string): void {
  try {
    if (readdirSync(directory).length === 0) rmSync(directory, { recursive: true });
  } catch {
    // gone already
  }
}
