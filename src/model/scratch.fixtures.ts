/** A test's private directory, what a run may have left behind, and where the package lies. */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

export const packageRoot = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', '..');

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

/** A folder that lives as long as one test. */
export function folderFor(t: TestContext): string {
  const scratch = new Scratch();
  t.after(() => {
    scratch[Symbol.dispose]();
  });
  return scratch.directory;
}

/** what Drover may have left in shared memory */
export function sharedMemoryFiles(): string[] {
  return readdirSync('/dev/shm').filter((name) => name.startsWith('drover-'));
}
