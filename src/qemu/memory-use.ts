/**
 * How much memory the processes below this one use together: their own pages, and those of shared
 * memory, which count once, in equal parts (PSS), so that a guest's memory that both sides map is
 * not counted twice. Pages of programs and libraries are not counted: they are the page cache's.
 */
import { readFileSync, readlinkSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** up to this much shared memory, such as that of QEMU's display, counts as its own */
const littleKib = 8 * 1024;

export interface ProcessMemory {
  readonly pid: number;
  /** the directory it runs in: that of its test */
  readonly cwd: string;
  readonly bytes: number;
}

/**
 * Processes that end meanwhile are left out. Empty where /proc does not show children or their
 * memory.
 */
export async function memoryOfDescendants(): Promise<ProcessMemory[]> {
  const found = descendantsOf('self').map(async (pid) => {
    const cwd = orNothing(() => readlinkSync(`/proc/${pid}/cwd`));
    const bytes = await bytesOf(pid);
    return cwd === '' || bytes === undefined ? [] : [{ pid, cwd, bytes }];
  });
  return (await Promise.all(found)).flat();
}

/**
 * Read without awaiting: there are many small files, and asking another thread for each takes
 * longer than the file.
 */
function descendantsOf(pid: number | 'self'): number[] {
  return childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)]);
}

/**
 * Of a QEMU only what its first thread started: once its other threads were looked up in /proc, the
 * kernel takes milliseconds of the waiting parent's time to forget them, when they end.
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

async function bytesOf(pid: number): Promise<number | undefined> {
  const status = orNothing(() => readFileSync(`/proc/${pid}/status`, 'utf8'));
  const [own, shared] = [kibOf('RssAnon', status), kibOf('RssShmem', status)];
  if (own !== undefined && shared !== undefined && shared < littleKib) return (own + shared) * 1024;
  // The kernel looks at each page for it, some 17 ms per GiB of small ones: not on this thread.
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  // one figure for all, with programs and libraries, on kernels before 5.3
  const kib = kibOf('Pss', rollup);
  return kib === undefined ? undefined : (kib - (kibOf('Pss_File', rollup) ?? 0)) * 1024;
}

/**
 * Bytes of a mapping that are in memory or swapped out; undefined where /proc does not show it.
 * @param start its address
 */
export function heldBytes(pid: number, start: bigint): number | undefined {
  const text = orNothing(() => readFileSync(`/proc/${pid}/smaps`, 'utf8'));
  const entry =
    new RegExp(`^0*${start.toString(16)}-.*\\n(?:\\w+:.*\\n)*`, 'm').exec(text)?.[0] ?? '';
  const kib = kibOf('Rss', entry);
  return kib === undefined ? undefined : (kib + (kibOf('Swap', entry) ?? 0)) * 1024;
}

/** The most memory that a process had at once, mapped files included; undefined: gone. */
export function peakBytes(pid: number): number | undefined {
  const kib = kibOf(
    'VmHWM',
    orNothing(() => readFileSync(`/proc/${pid}/status`, 'utf8')),
  );
  return kib === undefined ? undefined : kib * 1024;
}

function kibOf(name: string, text: string): number | undefined {
  const kib = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1];
  return kib === undefined ? undefined : Number(kib);
}

function orNothing(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
