/**
 * Where the Linux guest lies that scripts/get-linux-guest.sh makes: a kernel, an initramfs, and what
 * they are made of.
 */
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** dist/guest and src/guest are both two folders below the package's root. */
const packageRoot = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', '..');

export const linuxGuestFolder = path.join(packageRoot, '.linux-guest');

export interface LinuxImage {
  readonly kernel: string;
  readonly initramfs: string;
}

export function linuxImage(arch: string, folder: string = linuxGuestFolder): LinuxImage {
  const own = path.join(folder, arch);
  return { kernel: path.join(own, 'vmlinuz'), initramfs: path.join(own, 'initramfs.gz') };
}

const arches: readonly string[] = ['x86_64'];

/** Why there is no Linux guest; undefined if there is one. */
export function linuxGuestObstacle(
  arch: string,
  folder: string = linuxGuestFolder,
): string | undefined {
  if (!arches.includes(arch)) return `no Linux guest is made for ${arch}`;
  for (const file of Object.values(linuxImage(arch, folder)) as string[]) {
    try {
      accessSync(file, constants.R_OK);
    } catch {
      return `the Linux guest is not there (${file}); run: scripts/get-linux-guest.sh`;
    }
  }
  return undefined;
}
