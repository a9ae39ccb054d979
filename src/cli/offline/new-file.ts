/**
 * A file that a command writes for the user: what exists is left alone, and a part of a file does
 * not stay.
 */
import { link, lstat, open, realpath, rename, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { HarnessError } from '../../model/errors.js';

interface NewFile {
  /** what to do where the file exists, for the message */
  readonly advice: string;
  /** replaces a regular file, once the new one is complete */
  readonly force?: boolean;
}

export async function writeNewFile<T>(
  file: string,
  fill: (handle: FileHandle) => Promise<T>,
  { advice, force = false }: NewFile,
): Promise<T> {
  const existing = force ? await stat(file).catch(() => undefined) : undefined;
  if (existing !== undefined && !existing.isFile()) {
    throw new HarnessError({
      code: 'extract-failed',
      blame: 'usage',
      message: `${file}: exists and is no regular file; name another`,
    });
  }
  const target = existing === undefined ? file : await realpath(file);
  if (!force && (await exists(file))) throw unwritable(file, { code: 'EEXIST' }, advice);
  // Under the name of the file, a part of it would look like the whole after SIGKILL.
  const part = path.join(path.dirname(target), `.drover-${randomUUID()}`);
  const handle = await open(part, 'wx+', 0o600).catch((cause: unknown) => {
    throw unwritable(file, cause, advice);
  });
  try {
    const result = await fill(handle);
    await handle.sync();
    // Some file systems say only now that they have no room.
    await handle.close();
    await (force ? rename(part, target) : renameNew(part, target));
    return result;
  } catch (cause) {
    throw isWriting(cause) ? unwritable(file, cause, advice) : cause;
  } finally {
    await handle.close();
    await rm(part, { force: true });
  }
}

const exists = async (file: string): Promise<boolean> =>
  (await lstat(file).catch(() => undefined)) !== undefined;

/**
 * rename(2) would replace a file that somebody else has made meanwhile; link(2) does not, where
 * there are hard links.
 */
async function renameNew(part: string, target: string): Promise<void> {
  try {
    await link(part, target);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EEXIST' || (await exists(target))) throw cause;
    await rename(part, target);
  }
}

/** Writes all of `bytes`: write() takes only a part of them where the disk is nearly full. */
export async function writeAll(file: FileHandle, bytes: Buffer, offset: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    done += (await file.write(bytes, done, bytes.length - done, offset + done)).bytesWritten;
  }
}

/** Native code says in its message which call failed. */
function isWriting(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false;
  return 'syscall' in cause || /\b(pwrite|ftruncate): /.test(cause.message);
}

const wrongPaths: readonly unknown[] = ['EEXIST', 'EISDIR', 'ENOENT', 'ENOTDIR'];

export function unwritable(file: string, cause: unknown, advice = ''): HarnessError {
  const native = /\b(?:pwrite|ftruncate): (.*)$/m.exec(String(cause))?.[1];
  const code = native ?? (cause as NodeJS.ErrnoException).code ?? String(cause);
  return new HarnessError({
    code: 'extract-failed',
    blame: wrongPaths.includes(code) ? 'usage' : 'host',
    message:
      code === 'EEXIST'
        ? `${file}: exists already; ${advice}`
        : `${file}: cannot be written (${code})`,
    details: [
      ...(code === 'EFBIG' || code === 'File too large'
        ? [
            'its file system has no files of that size; export --as elf or lime takes no room for addresses without memory',
          ]
        : []),
    ],
    cause,
  });
}
