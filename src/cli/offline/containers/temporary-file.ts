/** Files without a name, for what is unpacked: gone with their last descriptor, whichever way a run ends. */
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statfsSync,
  writeSync,
} from 'node:fs';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { unreadable } from '../bad-source.js';
import { Cancelled, pause, timeoutError } from '../../../model/deadline.js';
import { HarnessError, fileProblem } from '../../../model/errors.js';
import { counted } from '../../../model/text/format.js';
import { formatBytes } from '../../../model/text/sizes.js';

/** @returns a descriptor, open for reading and writing */
export function temporaryFile(folder: string): number {
  const file = path.join(folder, `drover-${randomUUID()}`);
  try {
    const fd = openSync(file, 'wx+', 0o600);
    rmSync(file);
    return fd;
  } catch (cause) {
    throw new HarnessError({
      code: 'no-temporary-file',
      blame: 'host',
      message: `cannot make a temporary file in '${folder}': ${fileProblem(cause)}; make it writable, or set TMPDIR to another folder`,
      cause,
    });
  }
}

/** Size of a file or a block device, bytes. */
export function sizeOf(fd: number): number {
  const about = fstatSync(fd, { bigint: true });
  if (!about.isBlockDevice()) return Number(about.size);
  // As makedev(3) of Linux packs the two numbers; the kernel gives the size in units of 512 bytes.
  const { rdev } = about;
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xfffff000n);
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n);
  return 512 * Number(readFileSync(`/sys/dev/block/${major}:${minor}/size`, 'utf8'));
}

/** bytes that are free in a folder's file system */
function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/** of what is free, this part stays so: others write there, too */
const keptFree = 1 / 16;

/** bytes that may be written to a folder's file system */
export function roomIn(folder: string): number {
  return Math.floor(freeBytes(folder) * (1 - keptFree));
}

export function tooLarge(label: string, folder: string): HarnessError {
  return new HarnessError({
    code: 'host-exhausted',
    blame: 'host',
    message: `${label}: unpacked it is larger than the free space in ${folder}`,
    details: [
      `still free there: ${formatBytes(freeBytes(folder))}, of which a part is left to others; make room, or set TMPDIR to a folder with more`,
    ],
  });
}

/** nobody writes to the pipe for so long: an end, not a pause */
const silentMs = 60_000;
const chunkBytes = 1 << 20;

/**
 * Copies a pipe to a temporary file, since reading an image means going back and forth in it. `path` is opened a
 * second time, so that reads need not wait. A named pipe may still be without a writer.
 */
export async function spool(
  path: string,
  {
    label,
    folder,
    signal,
    named,
  }: { label: string; folder: string; signal: AbortSignal; named: boolean },
): Promise<number> {
  const from = openPipe(path, label);
  const to = temporaryFile(folder);
  const chunk = Buffer.alloc(chunkBytes);
  const mostBytes = roomIn(folder);
  let total = 0;
  let lastMs = performance.now();
  try {
    for (;;) {
      const got = readNow(from, chunk);
      if (got === 0 && (total > 0 || !named)) return to;
      if (got !== undefined && got > 0) {
        if (total + got > mostBytes) throw tooLarge(label, folder);
        for (let done = 0; done < got;) done += writeSync(to, chunk, done, got - done);
        total += got;
        lastMs = performance.now();
      }
      await (got === undefined || got === 0 ? pause(2) : setImmediate());
      if (signal.aborted) throw new Cancelled();
      if (performance.now() - lastMs > silentMs) {
        const lastSeen = `${counted(total, 'byte')} so far`;
        throw timeoutError({
          waitedFor: `data from ${label}`,
          timeoutMs: silentMs,
          lastSeen,
          blame: 'host',
        });
      }
    }
  } catch (error) {
    closeSync(to);
    throw (error as NodeJS.ErrnoException).code === 'ENOSPC' ? tooLarge(label, folder) : error;
  } finally {
    closeSync(from);
  }
}

function openPipe(path: string, label: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    throw unreadable(label, cause);
  }
}

/** @returns undefined while there is a writer and no data */
function readNow(fd: number, chunk: Buffer): number | undefined {
  try {
    return readSync(fd, chunk);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined;
    throw error;
  }
}
