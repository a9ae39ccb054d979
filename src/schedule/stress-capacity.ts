/**
 * Whether a host has room for the two guests of a stress run. Pure: the host's figures are
 * arguments.
 */
import { usageError } from '../model/errors.js';
import type { HarnessError } from '../model/errors.js';
import type { MemoryKind } from '../model/command-line.js';

export interface StressHost {
  readonly availableBytes: number;
  /** free in /dev/shm */
  readonly sharedBytes: number;
  /** free where the private directories are */
  readonly diskBytes: number;
  /** why there are not enough huge pages for this many bytes; undefined if there are */
  readonly hugePageObstacle: (bytes: number) => string | undefined;
}

export interface StressDemand {
  readonly ramBytes: number;
  readonly memory: MemoryKind;
  /** the migration writes memory to a file */
  readonly throughFile: boolean;
  /** how the user asks for so much memory; default: `--memory NM` */
  readonly sizeText?: (mebibytes: number) => string;
}

/**
 * a QEMU beside its guest's memory: code, devices, the translation cache in use, dirty bitmaps and
 * channels' buffers
 */
const overheadBytes = 300 * 1024 ** 2;
/** left for the rest of the host */
const reserveBytes = 512 * 1024 ** 2;
/**
 * the guest writes meanwhile, and QEMU appends pages until the rest fits into the downtime limit
 */
const fileFactor = 2;

/** @throws HarnessError `no-room` that says what is missing and how much would fit */
export function requireRoom(demand: StressDemand, host: StressHost): void {
  const { ramBytes, memory, throughFile } = demand;
  const sizeText = demand.sizeText ?? ((size: number) => `--memory ${size}M`);
  const huge = memory === 'hugetlb';
  const guests = 2 * ramBytes;
  const needed = (huge ? 0 : guests) + 2 * overheadBytes;
  const usable = Math.max(0, host.availableBytes - reserveBytes);
  if (needed > usable) {
    const most = Math.max(0, usable / 2 - overheadBytes);
    const fits = huge || most < 1024 ** 2 ? '' : `; ${sizeText(mebibytes(most))} would fit`;
    throw noRoom(
      `two guests of ${gibibytes(ramBytes)} and their QEMUs need ${gibibytes(needed)} of memory, and ${gibibytes(usable)} are free to use${fits}`,
    );
  }
  if (memory === 'shmem' && guests > host.sharedBytes) {
    throw noRoom(
      `two guests of ${gibibytes(ramBytes)} need ${gibibytes(guests)} in /dev/shm, and ${gibibytes(host.sharedBytes)} are free there; --backend memfd does not need it`,
    );
  }
  const obstacle = huge ? host.hugePageObstacle(guests) : undefined;
  if (obstacle !== undefined) throw noRoom(`--backend hugetlb: ${obstacle}`);
  if (throughFile && fileFactor * ramBytes > host.diskBytes) {
    throw noRoom(
      `a migration file of a guest of ${gibibytes(ramBytes)} may take ${gibibytes(fileFactor * ramBytes)}, and ${gibibytes(host.diskBytes)} are free on the disk; set TMPDIR to another one`,
    );
  }
}

const noRoom = (message: string): HarnessError => usageError('no-room', message);

const gibibytes = (bytes: number): string => `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
const mebibytes = (bytes: number): number => Math.floor(bytes / 1024 ** 2);
