/**
 * Working directories of runs that were killed before they could clean up. Each run leaves an owner
 * file in its directory for as long as it lives; a directory whose owner is dead is swept by the next
 * run. Evidence of runs that ended has no owner file and is never touched.
 */
import { readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { asNumber, asObject, asString } from '../model/json.js';
import { processStat } from './proc-stat.js';

const ownerFile = 'owner.json';

/** Marks a directory as that of the running process. */
export function claimDirectory(directory: string): void {
  const owner = { pid: process.pid, started: processStat(process.pid)?.startTime };
  writeFileSync(path.join(directory, ownerFile), JSON.stringify(owner), { mode: 0o600 });
}

/** What is still in it afterwards is there to stay. */
export function releaseDirectory(directory: string): void {
  rmSync(path.join(directory, ownerFile), { force: true });
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
  // A process id is used again; together with the start time it is not.
  return pid !== undefined && processStat(pid)?.startTime !== asString(owner['started']);
}
