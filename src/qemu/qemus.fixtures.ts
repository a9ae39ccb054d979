/**
 * The QEMUs that real-QEMU tests run with: those that set-up unpacked below .qemu, and the one on
 * PATH. A test that finds none is skipped and says what to run.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../model/scratch.fixtures.js';

export const qemuVersions = ['7.2', '10.0', '11.1'] as const;
export type QemuVersion = (typeof qemuVersions)[number];

function wrapper(version: QemuVersion, arch: string): string {
  return path.join(packageRoot, '.qemu', version, 'bin', `qemu-system-${arch}`);
}

/** `skip` is for node:test: false, or the reason. */
export interface RealQemu {
  readonly version: QemuVersion;
  readonly command: string;
  readonly skip: string | false;
}

export function realQemu(version: QemuVersion, arch = 'x86_64'): RealQemu {
  const command = wrapper(version, arch);
  const skip = existsSync(command)
    ? false
    : `QEMU ${version} is not there; run: scripts/get-qemu.sh ${version}`;
  return { version, command, skip };
}

export const realQemus: readonly RealQemu[] = qemuVersions.map((version) => realQemu(version));
