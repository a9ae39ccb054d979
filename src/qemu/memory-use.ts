/**
 * How much memory the processes below this one use together. PSS counts a page that several share once, in equal parts, so
 * that a guest's memory that both sides map is not counted twice.
 */
import { readFile, readlink, readdir } from 'node:fs/promises';

export interface ProcessMemory {
  readonly pid: number;
  /** the directory it runs in: that of its test */
  readonly cwd: string;
  readonly bytes: number;
}

/** Processes that end meanwhile are left out. Empty where /proc does not tell children, or their memory. */
export async function memoryOfDescendants(pid: number | 'self' = 'self'): Promise<ProcessMemory[]> {
  const found: ProcessMemory[] = [];
  for (const child of await childrenOf(pid)) {
    const [cwd, bytes] = await Promise.all([
      readlink(`/proc/${child}/cwd`).catch(() => undefined),
      proportionalBytes(child),
    ]);
    if (cwd !== undefined && bytes !== undefined) found.push({ pid: child, cwd, bytes });
    found.push(...(await memoryOfDescendants(child)));
  }
  return found;
}

async function childrenOf(pid: number | 'self'): Promise<number[]> {
  const tasks = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(
    tasks.map(async (task) => await text(`/proc/${pid}/task/${task}/children`)),
  );
  return lists.flatMap((list) =>
    list
      .split(' ')
      .filter((word) => word !== '')
      .map(Number),
  );
}

async function proportionalBytes(pid: number): Promise<number | undefined> {
  const kib = /^Pss:\s+(\d+) kB$/m.exec(await text(`/proc/${pid}/smaps_rollup`))?.[1];
  return kib === undefined ? undefined : Number(kib) * 1024;
}

async function text(file: string): Promise<string> {
  return await readFile(file, 'utf8').catch(() => '');
}
