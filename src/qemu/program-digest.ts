/**
 * Which program a running QEMU is, byte for byte: two builds of one version differ in it, and the
 * same build has the same one wherever it lies and whatever script starts it.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, readlink } from 'node:fs/promises';
import path from 'node:path';

/** SHA-256; undefined where the program cannot be found or read */
export async function programDigest(pid: number): Promise<string | undefined> {
  try {
    const file = await programOf(pid);
    if (file === undefined) return undefined;
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
    return hash.digest('hex');
  } catch {
    return undefined;
  }
}

/**
 * A QEMU that a loader or valgrind runs is not the process's own program: it is found by its mapping. The
 * loader may have the name of a QEMU, too (scripts/get-qemu.sh).
 */
async function programOf(pid: number): Promise<string | undefined> {
  const exe = await readlink(`/proc/${pid}/exe`);
  const maps = await readFile(`/proc/${pid}/maps`, 'utf8');
  const mapped = maps.matchAll(/^(?:\S+ +){5}(\/.*\/qemu-system-[^/\n]*)$/gm);
  const other = [...mapped].map(([, file]) => file).find((file) => file !== exe);
  if (other !== undefined) return other;
  return path.basename(exe).startsWith('qemu-system-') ? `/proc/${pid}/exe` : undefined;
}
