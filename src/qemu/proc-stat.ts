/** What /proc/PID/stat tells of a process. */
import { readFileSync } from 'node:fs';

export interface ProcessStat {
  /** R, S, D, T, Z, X, ... */
  readonly state: string;
  readonly group: number;
  /** clock ticks since boot; together with the id it names a process for good */
  readonly startTime: string;
}

/** undefined when there is no such process */
export function processStat(pid: number): ProcessStat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The second field is the name in parentheses and may hold anything: count from behind it.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '?', group: Number(fields[2]), startTime: fields[19] ?? '' };
}
