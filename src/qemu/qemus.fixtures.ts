/**
 * The QEMUs that real-QEMU tests run with: those that set-up unpacked below .qemu, and the one on
 * PATH. A test that finds none is skipped and says what to run.
 */
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const packageRoot = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', '..');

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

/** A private temporary directory that goes with the test. */
export class Scratch implements Disposable {
  readonly directory = mkdtempSync(path.join(os.tmpdir(), 'dt-'));

  /** names of what is in it */
  get content(): string[] {
    return readdirSync(this.directory);
  }

  /** processes whose command line names this directory, ours only: `pid words...` */
  processes(): string[] {
    return readdirSync('/proc').flatMap((pid) => {
      if (!/^\d+$/.test(pid)) return [];
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ');
        return words.includes(this.directory) ? [`${pid} ${words}`] : [];
      } catch {
        return [];
      }
    });
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** what Drover may have left in shared memory */
export function sharedMemoryFiles(): string[] {
  return readdirSync('/dev/shm').filter((name) => name.startsWith('drover-'));
}
