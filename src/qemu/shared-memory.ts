/** Files in /dev/shm, which two QEMUs may map: whether they can be made here, and making one. */
import { randomBytes } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  openSync,
  statSync,
  statfsSync,
  unlinkSync,
} from 'node:fs';
import type { MemoryBackend } from '../model/command-line.js';
import { HarnessError } from '../model/errors.js';

/** Why not; undefined when they can. */
export function probeSharedMemory(directory = '/dev/shm'): string | undefined {
  try {
    if (!statSync(directory).isDirectory()) return `${directory} is not a directory`;
    accessSync(directory, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return `${directory} cannot be used: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/**
 * Memory for machines. A file loses its name here and now; close it once all that map it have been
 * started.
 *
 * Its pages are taken as the guest touches them, and where there is none left QEMU gets a SIGBUS:
 * so that there are enough is looked at before.
 */
export function openMemory(
  kind: MemoryBackend['kind'],
  bytes: number,
  directory = '/dev/shm',
): MemoryBackend {
  if (kind !== 'shmem') return { kind };
  requireFree(bytes, directory);
  const path = `${directory}/drover-${process.pid}-${randomBytes(6).toString('hex')}`;
  try {
    const descriptor = openSync(path, 'wx+', 0o600);
    unlinkSync(path);
    return { kind, path, descriptor };
  } catch (cause) {
    throw new HarnessError({
      code: 'shared-memory',
      blame: 'host',
      message: `cannot make a file for guest memory: ${cause instanceof Error ? cause.message : String(cause)}`,
      cause,
    });
  }
}

function requireFree(bytes: number, directory: string): void {
  const { bavail, bsize, blocks } = statfsSync(directory);
  const free = bavail * bsize;
  // A file system without a limit reports 0 blocks.
  if (blocks === 0 || free >= bytes) return;
  throw new HarnessError({
    code: 'shared-memory',
    blame: 'host',
    message: `no space left on ${directory}: guest memory takes ${bytes} bytes, and ${free} are free`,
  });
}

export function closeMemory(memory: MemoryBackend): void {
  if (memory.kind === 'shmem') closeSync(memory.descriptor);
}
