/**
 * Private directories (mode 0700) for runs and tests. QEMU's UNIX sockets live in them, so their
 * paths must stay short; a run checks that before any QEMU starts.
 */
import { lstatSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { cp, mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { HarnessError } from '../model/errors.js';
import { claimDirectory, sweepStaleDirectories } from './stale-directories.js';

/** sun_path holds 108 bytes with its final NUL */
const socketPathLimit = 107;
/** the longest name below a test's directory that a test may give a socket */
const socketNameReserve = '/suspend-live-000-00000/migsocket-recover'.length;

/** The directory of one run below a base; nothing in it outlives the run. */
export class RunDirectory implements AsyncDisposable {
  readonly path: string;

  /** Sweeps what dead runs left below `base`, then makes a directory of our own. */
  constructor(base: string) {
    sweepStaleDirectories(base);
    this.path = makeBelow(base, 'drover-');
    try {
      claimDirectory(this.path);
      requireShortPath(this.path, base);
    } catch (error) {
      rmSync(this.path, { recursive: true, force: true });
      throw error instanceof HarnessError ? error : directoryError(base, error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await removeDirectory(this.path);
  }
}

/**
 * Where evidence is kept that nobody named a place for; beside the run's own directory, and to
 * stay.
 */
export function createEvidenceDirectory(base: string): string {
  return makeBelow(base, 'drover-evidence-');
}

function makeBelow(base: string, prefix: string): string {
  try {
    return mkdtempSync(path.join(base, prefix));
  } catch (cause) {
    throw directoryError(base, cause);
  }
}

function requireShortPath(directory: string, base: string): void {
  if (Buffer.byteLength(directory) + socketNameReserve <= socketPathLimit) return;
  throw new HarnessError({
    code: 'path-too-long',
    blame: 'usage',
    message: `the temporary directory '${base}' has too long a path for UNIX sockets (at most ${socketPathLimit - socketNameReserve - '/drover-XXXXXX'.length} bytes); set TMPDIR to a shorter one`,
  });
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

/** What can be copied; a socket or a pipe that a test left is no evidence. */
export function isCopied(file: string): boolean {
  const facts = lstatSync(file);
  return facts.isFile() || facts.isDirectory() || facts.isSymbolicLink();
}

/**
 * Moves a directory, across file systems too; sockets and pipes in it then stay behind.
 */
export async function moveDirectory(from: string, to: string): Promise<void> {
  await mkdir(path.dirname(to), { recursive: true });
  await rm(to, { recursive: true, force: true });
  try {
    await rename(from, to);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EXDEV')) throw error;
    await cp(from, to, { recursive: true, filter: isCopied });
    await removeDirectory(from);
  }
}
