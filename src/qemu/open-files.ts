/** What a process has open, by /proc. */
import { constants, readFileSync, readdirSync, readlinkSync } from 'node:fs';

/**
 * Of each descriptor; those that are closed in between are left out. A process that has ended has
 * none.
 */
function eachDescriptor<T>(pid: number, look: (name: string) => T): T[] {
  let names: string[];
  try {
    names = readdirSync(`/proc/${pid}/fd`);
  } catch {
    // the next command to the process reports its end
    return [];
  }
  return names.flatMap((name) => {
    try {
      return [look(name)];
    } catch {
      return [];
    }
  });
}

/** what each descriptor is open on: a path, or such as `socket:[1234]` */
export function openFiles(pid: number): string[] {
  return eachDescriptor(pid, (name) => readlinkSync(`/proc/${pid}/fd/${name}`));
}

export function countSockets(pid: number): number {
  return openFiles(pid).filter((target) => target.startsWith('socket:')).length;
}

/** Descriptors for I/O past the page cache. */
export function countDirect(pid: number): number {
  const flags = eachDescriptor(pid, (name) => {
    const info = readFileSync(`/proc/${pid}/fdinfo/${name}`, 'utf8');
    return parseInt(/^flags:\s+([0-7]+)$/m.exec(info)?.[1] ?? '0', 8);
  });
  return flags.filter((each) => (each & constants.O_DIRECT) !== 0).length;
}

/**
 * The limit RLIMIT_NOFILE under which a process can open this many more: it bounds the numbers, of
 * which a descriptor gets the lowest that is free.
 */
export function descriptorLimit(pid: number, more: number): number {
  const used = new Set(eachDescriptor(pid, Number));
  let free = 0;
  for (let number = 0; ; number++) {
    if (used.has(number)) continue;
    if (free === more) return number;
    free += 1;
  }
}
