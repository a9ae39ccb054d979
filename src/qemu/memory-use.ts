/**
 * How much memory the processes below this one use together. PSS counts a page that several share once, in equal parts, so
 * that a guest's memory that both sides map is not counted twice.
 */
import { readFileSync, readlinkSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

export interface ProcessMemory {
  readonly pid: number;
  /** the directory it runs in: that of its test */
  readonly cwd: string;
  readonly bytes: number;
}

/** Processes that end meanwhile are left out. Empty where /proc does not tell children, or their memory. */
export async function memoryOfDescendants(): Promise<ProcessMemory[]> {
  const found = descendantsOf('self').map(async (pid) => {
    const cwd = orNothing(() => readlinkSync(`/proc/${pid}/cwd`));
    const bytes = await proportionalBytes(pid);
    return cwd === '' || bytes === undefined ? [] : [{ pid, cwd, bytes }];
  });
  return (await Promise.all(found)).flat();
}

/** Read without awaiting: asking another thread for each of so many small files takes longer than the file. */
function descendantsOf(pid: number | 'self'): number[] {
  return childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)]);
}

/**
 * Of a QEMU only what its first thread started: once its other threads were looked up in /proc, the kernel takes
 * milliseconds of the waiting parent's time to forget them, when they end.
 */
function childrenOf(pid: number | 'self'): number[] {
  let tasks = [String(pid)];
  if (!orNothing(() => readFileSync(`/proc/${pid}/comm`, 'utf8')).startsWith('qemu-system')) {
    try {
      tasks = readdirSync(`/proc/${pid}/task`);
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

/** The kernel looks at each page for it, some 17 ms per GiB of small ones: not on this thread. */
async function proportionalBytes(pid: number): Promise<number | undefined> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
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
