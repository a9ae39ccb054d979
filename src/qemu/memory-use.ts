/**
 * How much memory the processes below this one use together. PSS counts a page that several share once, in equal parts, so
 * that a guest's memory that both sides map is not counted twice.
 */
import { readFileSync, readlinkSync, readdirSync } from 'node:fs';

export interface ProcessMemory {
  readonly pid: number;
  /** the directory it runs in: that of its test */
  readonly cwd: string;
  readonly bytes: number;
}

/**
 * Processes that end meanwhile are left out. Empty where /proc does not tell children, or their memory. Reads without
 * awaiting: /proc never waits for a disk, and asking a thread for each small file takes longer than the file.
 */
export function memoryOfDescendants(pid: number | 'self' = 'self'): ProcessMemory[] {
  return childrenOf(pid).flatMap((child) => {
    const cwd = orNothing(() => readlinkSync(`/proc/${child}/cwd`));
    const bytes = proportionalBytes(child);
    const own = cwd === '' || bytes === undefined ? [] : [{ pid: child, cwd, bytes }];
    return [...own, ...memoryOfDescendants(child)];
  });
}

/**
 * Of another process only what its first thread started: once its other threads were looked up in /proc, the kernel takes
 * milliseconds of the waiting parent's time to forget them, when they end.
 */
function childrenOf(pid: number | 'self'): number[] {
  let tasks = [String(pid)];
  if (pid === 'self') {
    try {
      tasks = readdirSync('/proc/self/task');
    } catch {
      return [];
    }
  }
  return tasks.flatMap((task) =>
    orNothing(() => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8'))
      .split(' ')
      .filter((word) => word !== '')
      .map(Number),
  );
}

function proportionalBytes(pid: number): number | undefined {
  const text = orNothing(() => readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));
  const kib = /^Pss:\s+(\d+) kB$/m.exec(text)?.[1];
  return kib === undefined ? undefined : Number(kib) * 1024;
}

function orNothing(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
