/**
 * A report file that is either the old one or the complete new one: written beside it, then
 * renamed. A path that is no regular file (a pipe, /dev/stdout) is written to, never replaced.
 */
import { randomBytes } from 'node:crypto';
import { access, constants, open, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { HarnessError, usageError } from '../model/errors.js';

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function replace(path: string, chunks: Iterable<string>): Promise<void> {
  const suffix = `${String(process.pid)}-${randomBytes(4).toString('hex')}`;
  const temporary = join(dirname(path), `.${basename(path)}.${suffix}.tmp`);
  const file = await open(temporary, 'wx');
  try {
    try {
      await writeFile(file, chunks);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}

export async function writeAtomically(path: string, chunks: Iterable<string>): Promise<void> {
  try {
    // A symbolic link stays one: the file that it points to is replaced.
    const target = await realpath(path).catch(() => path);
    const existing = await stat(target).catch(() => undefined);
    if (existing === undefined || existing.isFile()) await replace(target, chunks);
    else await writeFile(target, chunks);
  } catch (cause) {
    throw new HarnessError({
      code: 'report-not-written',
      blame: 'host',
      message: `cannot write ${path}: ${message(cause)}`,
      cause,
    });
  }
}

/** Before any test runs, refuses a path where the report could not be written at the end. */
export async function checkReportPath(path: string): Promise<void> {
  const refuse = (reason: string, cause?: unknown): never => {
    throw usageError('report-path', `cannot write a report to ${path}: ${reason}`, { cause });
  };
  if (path === '-') refuse('use /dev/stdout for standard output');
  const existing = await stat(path).catch(() => undefined);
  if (existing?.isDirectory() === true) refuse('it is a directory');
  if (existing !== undefined && !existing.isFile()) return;
  const folder = dirname(existing === undefined ? path : await realpath(path));
  try {
    if (!(await stat(folder)).isDirectory()) refuse(`${folder} is not a directory`);
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    if (error instanceof HarnessError) throw error;
    refuse(message(error), error);
  }
}
