/** Whether files in /dev/shm, which two QEMUs may map, can be made here. */
import { accessSync, constants, statSync } from 'node:fs';

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
