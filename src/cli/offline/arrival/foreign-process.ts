/** What /proc says of a QEMU that Drover did not start. */
import { chownSync, readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import path from 'node:path';
import { readMaps } from '../../../memory/process-maps.js';
import type { RamBlockPlace } from '../../../qemu/ram-blocks.js';
import { usage } from '../bad-source.js';

/** what its descriptors are, such as `socket:[4711]` or `anon_inode:kvm-vm` */
function descriptors(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).flatMap((fd) => {
    try {
      return [readlinkSync(`${folder}/${fd}`)];
    } catch {
      return []; // closed in between
    }
  });
}

export const isUnderKvm = (pid: number): boolean =>
  descriptors(pid).some((what) => what.startsWith('anon_inode:kvm-vm'));

/** It has one while postcopy brings pages, and while a background snapshot is taken. */
export const hasUserfaultfd = (pid: number): boolean =>
  descriptors(pid).includes('anon_inode:[userfaultfd]');

/** the program that it runs; undefined where that cannot be read */
export function programOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return undefined;
  }
}

/** Whether the process has a socket of this name: a listening one, or one that was accepted. */
export function ownsSocket(pid: number, file: string): boolean {
  const own = new Set(descriptors(pid));
  const rows = readFileSync(`/proc/${pid}/net/unix`, 'utf8').split('\n');
  return rows.some((row) => {
    const [, inode, name] = /^\S+: (?:\S+ ){5}\s*(\d+) (.+)$/.exec(row) ?? [];
    // the name may be relative to the folder in which the process made it
    return (
      name !== undefined &&
      path.basename(name) === path.basename(file) &&
      own.has(`socket:[${inode}]`)
    );
  });
}

/** QEMU may run as another user, who is to write there. */
export function giveTo(pid: number, folder: string): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(`/proc/${pid}`);
  chownSync(folder, uid, gid);
}

/** A wrong list would have memory compared that has nothing to do with the blocks. */
export function requireMapped(pid: number, list: string, blocks: readonly RamBlockPlace[]): void {
  const maps = readMaps(readFileSync(`/proc/${pid}/maps`, 'utf8'));
  const isMapped = (from: bigint, bytes: number): boolean => {
    let at = from;
    const end = from + BigInt(bytes);
    for (const { start, sizeBytes } of maps) {
      if (start <= at && at < start + BigInt(sizeBytes)) at = start + BigInt(sizeBytes);
    }
    return at >= end;
  };
  const stray = blocks.find(
    ({ hostAddress, usedBytes }) =>
      hostAddress !== undefined && (usedBytes < 1 || !isMapped(hostAddress, usedBytes)),
  );
  if (stray === undefined) return;
  throw usage(
    `${list}: is not of process ${pid}, which has no memory where block ${stray.name} is said to lie`,
  );
}
