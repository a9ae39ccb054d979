/**
 * Opens the RAM of a running QEMU for reading from outside: a shared backend is mapped, anonymous
 * memory is read with process_vm_readv, and where the host forbids that, through qtest.
 */
import type { PageRange } from '../model/stamps.js';
import { readdirSync, readlinkSync } from 'node:fs';
import { HarnessError } from '../model/errors.js';
import type { MachineSpec } from '../model/command-line.js';
import type { GuestRam } from '../memory/guest-ram.js';
import { openProcessRam, openSharedRam } from '../memory/open-ram.js';
import type { FileRegion, ProcessRegion } from '../memory/open-ram.js';
import { readerRam } from '../memory/reader-ram.js';
import type { QmpClient } from '../qmp/client.js';
import type { QtestClient } from './qtest.js';
import { hex } from '../model/text/format.js';

export interface RamAccess {
  readonly pid: number;
  readonly spec: MachineSpec;
  readonly qmp: QmpClient;
  readonly qtest: QtestClient;
  /** what will be read; all of RAM can be */
  readonly range: PageRange;
  readonly signal?: AbortSignal;
}

export async function openGuestRam(access: RamAccess): Promise<GuestRam> {
  const { memory, ramRegions } = access.spec;
  const ends = ramRegions.map(({ address, size }) => address + size);
  if (!ends.some((end) => access.range.end <= end)) {
    throw new HarnessError({
      code: 'ram-layout',
      blame: 'usage',
      message: `guest memory up to ${hex(access.range.end)} is wanted, and the ${access.spec.side}'s RAM ends at ${hex(Math.max(...ends))}`,
    });
  }
  const file = sharedRamFile(access);
  if (file === undefined) return await openAnonymous(access);
  // a shmem file only QEMU has, and QEMU does not change its size
  return await openSharedRam({ ...file, mayShrink: memory.kind !== 'shmem' });
}

/** The file that holds a machine's memory, and where in it; undefined: its memory is private. */
export function sharedRamFile({
  pid,
  spec,
}: Pick<RamAccess, 'pid' | 'spec'>): { path: string; regions: FileRegion[] } | undefined {
  const { memory, ramRegions } = spec;
  // a guest-memfd can be mapped only by who made it
  if (memory.kind === 'anon' || memory.kind === 'guest-memfd') return undefined;
  // the name of a shmem file is already removed: both sides have it open
  const name = memory.kind === 'shmem' ? memory.path : '/memfd:memory-backend-memfd';
  let offset = 0;
  const regions = ramRegions.map(({ address, size }) => {
    const region = { address, size, offset };
    offset += size;
    return region;
  });
  return { path: openFilePath(pid, name), regions };
}

async function openAnonymous(access: RamAccess): Promise<GuestRam> {
  const regions: ProcessRegion[] = [];
  for (const { address, size } of access.spec.ramRegions) {
    const first = await hostAddressOf(access, address);
    const last = await hostAddressOf(access, address + size - 1);
    if (last - first !== BigInt(size - 1)) {
      throw new HarnessError({
        code: 'ram-layout',
        blame: 'host',
        message: `guest memory ${hex(address)}-${hex(address + size)} is not in one piece in QEMU's address space`,
      });
    }
    regions.push({ address, size, hostAddress: first });
  }
  const { pid, qtest } = access;
  try {
    return await openProcessRam({ pid, regions });
  } catch (error) {
    if (!(error instanceof HarnessError && error.code === 'process-memory-denied')) throw error;
    return readerRam({
      source: 'qtest',
      read: async (address, size) => await qtest.read(address, size),
    });
  }
}

/** Where a guest-physical address lies in QEMU's own address space. */
export async function hostAddressOf(
  access: Pick<RamAccess, 'spec' | 'qmp' | 'signal'>,
  address: number,
): Promise<bigint> {
  const command = `gpa2hva ${hex(address)}`;
  const answer = await access.qmp.executeRaw(
    'human-monitor-command',
    { 'command-line': command },
    { signal: access.signal },
  );
  const found = typeof answer === 'string' ? /is (0x[0-9a-f]+)/i.exec(answer)?.[1] : undefined;
  if (found === undefined) {
    throw new HarnessError({
      code: 'gpa2hva',
      blame: 'contract',
      message: `QEMU does not say where guest memory lies: '${command}' gave ${JSON.stringify(answer)}`,
      side: access.spec.side,
    });
  }
  return BigInt(found);
}

/** a path to the file that a process has open under a name that begins with `name` */
function openFilePath(pid: number, name: string): string {
  const folder = `/proc/${pid}/fd`;
  for (const fd of readdirSync(folder)) {
    try {
      if (readlinkSync(`${folder}/${fd}`).startsWith(name)) return `${folder}/${fd}`;
    } catch {
      continue; // closed in between
    }
  }
  throw new HarnessError({
    code: 'no-memory-backend',
    blame: 'contract',
    message: `process ${pid} does not have its memory backend (${name}) open`,
  });
}
