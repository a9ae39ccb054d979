/**
 * Finds the QEMU itself where a command prefix (gdb --args, strace) runs it as a child. Its memory
 * can only be read by its own process id, and ending the prefix must not leave it behind.
 */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import path from 'node:path';

/**
 * Process id of the QEMU whose command line holds `mark` (a path that no other run has). The
 * started process itself when nothing looks like a QEMU.
 */
export function findQemu(started: number, mark: string): number {
  if (isQemu(started, mark)) return started;
  const names = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const pids = names.map(Number);
  return (
    pids.find((pid) => isQemu(pid, mark)) ?? pids.find((pid) => holdsQemu(pid, mark)) ?? started
  );
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

/** Another program that has a QEMU mapped and runs it within itself, as valgrind does. */
function holdsQemu(pid: number, mark: string): boolean {
  try {
    return (
      readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(mark) &&
      /\/qemu-system-[^/]*$/m.test(readFileSync(`/proc/${pid}/maps`, 'utf8'))
    );
  } catch {
    return false;
  }
}
