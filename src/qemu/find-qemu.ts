/**
 * Finds the QEMU itself where a command prefix (gdb --args, strace) runs it as a child. Its memory can
 * only be read by its own process id, and whoever ends the prefix must not leave it behind.
 */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import path from 'node:path';

/**
 * Process id of the QEMU whose command line holds `mark` (a path that no other run has). The started
 * process itself when nothing else looks like a QEMU, as with valgrind, which runs it within itself.
 */
export function findQemu(started: number, mark: string): number {
  if (isQemu(started, mark)) return started;
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).find((pid) => isQemu(pid, mark)) ?? started;
}

function isQemu(pid: number, mark: string): boolean {
  try {
    const program = path.basename(readlinkSync(`/proc/${pid}/exe`));
    if (!program.startsWith('qemu-system-')) return false;
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(mark);
  } catch {
    return false; // gone, or somebody else's
  }
}
