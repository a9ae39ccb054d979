/** A file that a command writes for the user: what exists is left alone, and a part of a file does not stay. */
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
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
  const written = existing === undefined ? file : `${target}.${process.pid}.tmp`;
  // 'x': a file or link that is there already is left alone.
  const handle = await open(written, 'wx+', 0o600).catch((cause: unknown) => {
    throw unwritable(written, cause, advice);
  });
  try {
    const result = await fill(handle);
    await handle.sync();
    // Some file systems say only now that they have no room.
    await handle.close();
    if (written !== target) await rename(written, target);
    return result;
  } catch (cause) {
    // A part of it would look like the whole.
    await rm(written, { force: true });
    throw isWriting(cause) ? unwritable(file, cause) : cause;
  } finally {
    await handle.close();
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
    cause,
  });
}
