/**
 * Finds the RAM of a QEMU that Drover did not start, through /proc only: the machine by its command
 * line, its memory by its mappings. Supports one block of main memory in one piece; refuses several
 * backends (NUMA).
 */
import { readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { HarnessError } from '../model/errors.js';
import { ramRegions } from '../model/ram-layout.js';
import type { ProcessRegion } from '../native/task.js';
import { openImage, openStoppedProcess } from './image.js';
import type { MemoryImage, OpenImageOptions } from './image.js';
import type { WorkOptions } from './image-work.js';
import { findRam, readMaps } from './process-maps.js';
import type { ProcessMapping } from './process-maps.js';
import { readQemuWords } from './foreign-command-line.js';
import type { QemuWords } from './foreign-command-line.js';
import { hex } from '../model/text/format.js';

export interface LiveGuest {
  readonly pid: number;
  readonly words: QemuWords;
  readonly ram: ProcessMapping;
}

const advice =
  'Save its memory with pmemsave or dump-guest-memory and scan that file, or start it with one memory-backend-memfd';

/** what the command line of a QEMU says */
export function wordsOf(pid: number): QemuWords {
  const words = readQemuWords(read(pid, 'cmdline').split('\0'));
  if (words !== undefined) return words;
  throw refuse(pid, 'it is not a QEMU with a guest; give the process id of a qemu-system-ARCH');
}

export function findLiveGuest(pid: number): LiveGuest {
  const words = wordsOf(pid);
  const ram = findRam(readMaps(read(pid, 'maps')), words.ramBytes);
  if ('problem' in ram) throw refuse(pid, `${ram.problem}. ${advice}`);
  return { pid, words, ram };
}

/** `options.places`, `machine` and `arch` win over what the command line says. */
export async function openLiveGuest(
  guest: LiveGuest,
  options: OpenImageOptions,
  work: WorkOptions,
): Promise<MemoryImage> {
  const { pid, words, ram } = guest;
  if (ram.shared) {
    return await openImage(
      [descriptorPath(guest)],
      {
        ...options,
        format: 'raw',
        fileOffset: ram.offset,
        machine: options.machine ?? words.machine,
        arch: options.arch ?? words.arch,
      },
      work,
    );
  }
  return openStoppedProcess(pid, regionsOf(guest, options), options.pageBytes ?? 4096);
}

function regionsOf({ words, ram }: LiveGuest, options: OpenImageOptions): ProcessRegion[] {
  if (options.places !== undefined) {
    return options.places.map(({ address, blockOffset, length }) => ({
      address,
      size: length,
      hostAddress: ram.start + BigInt(blockOffset),
    }));
  }
  const arch = options.arch ?? words.arch;
  const machine = options.machine ?? words.machine ?? 'pc';
  let hostAddress = ram.start;
  return ramRegions(arch, machine, words.ramBytes).map((region) => {
    const placed = { ...region, hostAddress };
    hostAddress += BigInt(region.size);
    return placed;
  });
}

/** The backend through the process's own descriptor: works for memfds and for deleted files. */
function descriptorPath({ pid, ram }: LiveGuest): string {
  const folder = `/proc/${pid}/fd`;
  for (const fd of readdirSync(folder)) {
    const path = `${folder}/${fd}`;
    try {
      if (statSync(path).ino === ram.inode && readlinkSync(path) === ram.path) return path;
    } catch {
      continue; // closed in between
    }
  }
  // Kept open by the mapping alone.
  const end = ram.start + BigInt(ram.sizeBytes);
  return `/proc/${pid}/map_files/${ram.start.toString(16)}-${end.toString(16)}`;
}

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ESRCH') throw refuse(pid, 'no such process');
    throw new HarnessError({
      code: 'process-memory-denied',
      blame: 'host',
      message: `pid:${pid}: this host does not allow Drover to read the process (${String(code)} at /proc/${pid}/${file}); run drover as the process's user or as root`,
      cause,
    });
  }
}

function refuse(pid: number, why: string): HarnessError {
  return new HarnessError({ code: 'no-live-guest', blame: 'usage', message: `pid:${pid}: ${why}` });
}

/** for records: which memory was read */
export function describeLiveGuest({ pid, words, ram }: LiveGuest): string {
  const where = ram.shared ? ram.path.replace(/ \(deleted\)$/, '') : 'anonymous memory';
  const machine = words.machine === undefined ? '' : `, machine ${words.machine}`;
  return `process ${pid} (${words.arch}${machine}): ${where} at ${hex(Number(ram.start))}, ${words.ramBytes} bytes`;
}
