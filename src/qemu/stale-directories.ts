/**
 * Working directories of runs that were killed before they could clean up. Each run leaves an owner
 * file in its directory; a directory whose owner is dead is swept by the next run. Only what is
 * certain is swept: an owner in another PID namespace (a container that shares the folder), or of
 * another boot, is not ours to judge. Evidence is kept elsewhere.
 */
import { readFileSync, readdirSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { asNumber, asObject, asString } from '../model/json.js';
import { processStat } from './proc-stat.js';

const ownerFile = 'owner.json';

/** Marks a directory as that of the running process. */
export function claimDirectory(directory: string): void {
  const owner = {
    pid: process.pid,
    started: processStat(process.pid)?.startTime,
    world: pidWorld(),
  };
  writeFileSync(path.join(directory, ownerFile), JSON.stringify(owner), { mode: 0o600 });
}

/** within which process ids mean the same: this boot and this PID namespace */
function pidWorld(): string {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
}

/** Removes directories below `base` that dead runs of this user left; returns their paths. */
export function sweepStaleDirectories(base: string): string[] {
  let names: string[];
  try {
    names = readdirSync(base).filter((name) => /^drover-[A-Za-z0-9]{6}$/.test(name));
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    const directory = path.join(base, name);
    try {
      if (statSync(directory).uid !== process.getuid?.() || !ownerIsDead(directory)) return [];
      rmSync(directory, { recursive: true, force: true });
      return [directory];
    } catch {
      return []; // another run swept it, or it is not ours to remove
    }
  });
}

function ownerIsDead(directory: string): boolean {
  const parsed: unknown = JSON.parse(readFileSync(path.join(directory, ownerFile), 'utf8'));
  const owner = asObject(parsed);
  const pid = asNumber(owner['pid']);
  if (asString(owner['world']) !== pidWorld()) return false;
  // A process id is used again; together with the start time it is not.
  return pid !== undefined && processStat(pid)?.startTime !== asString(owner['started']);
}
