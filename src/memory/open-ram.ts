/** Opens guest memory through the addon: a shared backend, another process's memory, or a dump on disk. */
import { stat } from 'node:fs/promises';
import { HarnessError } from '../model/errors.js';
import { loadAddon } from '../native/addon.js';
import type { FileRegion, ProcessRegion } from '../native/task.js';
import type { NativeRam } from '../native/ram-addon.js';
import { toRamError } from './native-errors.js';
import type { GuestRam } from './guest-ram.js';
import { openImage, openStoppedProcess } from './image.js';
import { NativeGuestRam, type OpenAsImage } from './native-ram.js';
import { checkedExtents, type Extent } from './ranges.js';

export type { ProcessRegion } from '../native/task.js';
export type { FileRegion } from '../native/task.js';

export type SharedRamInput = {
  readonly regions: readonly FileRegion[];
  /**
   * Whether somebody might truncate the file while it is read; default: true. `false` is a promise: Drover then maps the
   * file even if it is not sealed, and a truncation ends this process by SIGBUS. Sealed memory is always mapped.
   */
  readonly mayShrink?: boolean;
} & ({ readonly fd: number } | { readonly path: string });

export interface ProcessRamInput {
  readonly pid: number;
  readonly regions: readonly ProcessRegion[];
}

export interface FileRamInput {
  readonly path: string;
  /** guest address of the file's first byte */
  readonly address: number;
}

/** bytes per read; regions are multiples of it */
const processPageBytes = 4096;

async function open(
  regions: readonly Extent[],
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
 * A memfd or file that a running machine has as its memory: its path, one under /proc/PID/fd, or a descriptor,
 * which is duplicated, and must stay open all the same for checks of slices.
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

/** Anonymous memory of a machine: host addresses as its monitor reports them (`gpa2hva`), one per contiguous region. */
export async function openProcessRam(input: ProcessRamInput): Promise<GuestRam> {
  const { pid, regions } = input;
  return open(
    regions,
    `process ${pid}`,
    () => loadAddon().openProcessRam(pid, regions),
    async () => Promise.resolve(openStoppedProcess(pid, regions, processPageBytes)),
  );
}

/** A raw dump: the file holds guest memory from `address` on, to its end. */
export async function openFileRam(input: FileRamInput): Promise<GuestRam> {
  const { size } = await stat(input.path).catch((cause: unknown) => {
    throw new HarnessError({
      code: 'ram-unreadable',
      blame: 'host',
      message: `cannot read guest memory from ${input.path}: ${cause instanceof Error ? cause.message : String(cause)}`,
      cause,
    });
  });
  return openSharedRam({
    path: input.path,
    regions: [{ address: input.address, size, offset: 0 }],
  });
}
