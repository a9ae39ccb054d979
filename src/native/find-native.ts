/**
 * Where the addon and the launcher may lie, and what speaks against a file before anybody loads it.
 * Leaves out loading: addon.ts.
 */
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import path from 'node:path';

export interface NativePlace {
  /** built on this host, from this source; or brought by the package */
  readonly kind: 'built' | 'prebuilt';
  readonly folder: string;
}

/** In the order in which they are tried: what was built here is never older than what was brought. */
export function nativePlaces(root: string, arch: string = process.arch): NativePlace[] {
  return [
    { kind: 'built', folder: path.join(root, 'build', 'Release') },
    { kind: 'prebuilt', folder: path.join(root, 'prebuilds', `linux-${arch}`) },
  ];
}

/** ELF's number of a processor, by Node's name. */
const machines: ReadonlyMap<string, number> = new Map([
  ['x64', 62],
  ['arm64', 183],
  ['riscv64', 243],
  ['ppc64', 21],
  ['s390x', 22],
  ['loong64', 258],
]);

/**
 * Why a file cannot be loaded by a process of `arch`. The loader's own message about a file for
 * another processor is that it does not exist.
 */
export function obstacle(file: string, arch: string = process.arch): string | undefined {
  if (!existsSync(file)) return 'is missing';
  const start = Buffer.alloc(20);
  try {
    readStart(file, start);
  } catch (error) {
    return `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
  if (start.readUInt32BE(0) !== 0x7f454c46) return 'is no ELF file';
  const machine = start[5] === 2 ? start.readUInt16BE(18) : start.readUInt16LE(18);
  const wanted = machines.get(arch);
  if (wanted === undefined || machine === wanted) return undefined;
  const name = [...machines].find(([, number]) => number === machine)?.[0];
  return `is for ${name ?? `ELF machine ${machine}`}, this Node is for ${arch}`;
}

/** What a shorter file lacks stays zero. */
function readStart(file: string, start: Buffer): void {
  const descriptor = openSync(file, 'r');
  try {
    readSync(descriptor, start);
  } finally {
    closeSync(descriptor);
  }
}
