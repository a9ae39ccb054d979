/** Opens guest memory through the addon: a shared backend, or another process's memory. */
import { loadAddon } from '../native/addon.js';
import type { FileRegion, ProcessRegion } from '../native/task.js';
import type { NativeRam } from '../native/ram-addon.js';
import { toRamError } from './native-errors.js';
import type { GuestRam } from './guest-ram.js';
import { openImage, openStoppedProcess } from './image.js';
import { NativeGuestRam, type OpenAsImage } from './native-ram.js';
import { checkedExtents } from './ranges.js';
import type { RamRegion } from '../model/ram-layout.js';

export type { ProcessRegion } from '../native/task.js';
export type { FileRegion } from '../native/task.js';

export type SharedRamInput = {
  readonly regions: readonly FileRegion[];
  /**
   * Whether somebody might truncate the file while it is read; default: true. `false` is a promise:
   * Drover then maps the file even if it is not sealed, and a truncation ends this process by
   * SIGBUS. Sealed memory is always mapped.
   */
  readonly mayShrink?: boolean;
} & ({ readonly fd: number } | { readonly path: string });

export interface ProcessRamInput {
  readonly pid: number;
  readonly regions: readonly ProcessRegion[];
}

/** bytes per read; regions are multiples of it */
const processPageBytes = 4096;

async function open(
  regions: readonly RamRegion[],
  where: string,
  openNative: () => NativeRam,
  openAsImage: OpenAsImage,
): Promise<GuestRam> {
  const extents = checkedExtents(regions);
  try {
    return new NativeGuestRam(openNative(), extents, where, openAsImage);
  } catch (error) {
    throw toRamError(error, where);
  }
}

/**
 * A memfd or file that a running machine has as its memory: its path, one under /proc/PID/fd, or a
 * descriptor, which is duplicated, and must stay open all the same for checks of slices.
 */
export async function openSharedRam(input: SharedRamInput): Promise<GuestRam> {
  const file = 'fd' in input ? input.fd : input.path;
  const where = typeof file === 'number' ? `descriptor ${file}` : file;
  const places = input.regions.map(({ address, size, offset }) => ({
    address,
    length: size,
    blockOffset: offset,
  }));
  return open(
    input.regions,
    where,
    () => loadAddon().openSharedRam(file, input.regions, input.mayShrink ?? true),
    async (signal) => openImage([{ file, label: where }], { format: 'raw', places }, { signal }),
  );
}

/**
 * Anonymous memory of a machine: host addresses as its monitor reports them (`gpa2hva`), one per
 * contiguous region.
 */
export async function openProcessRam(input: ProcessRamInput): Promise<GuestRam> {
  const { pid, regions } = input;
  return open(
    regions,
    `process ${pid}`,
    () => loadAddon().openProcessRam(pid, regions),
    async () => Promise.resolve(openStoppedProcess(pid, regions, processPageBytes)),
  );
}
