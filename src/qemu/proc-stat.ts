/** A process by /proc: its state, its group, and where its threads wait. */
import { readFileSync, readdirSync } from 'node:fs';

export interface ProcessStat {
  /** R, S, D, T, Z, X, ... */
  readonly state: string;
  readonly group: number;
  /** clock ticks since boot; together with the id it identifies a process for ever */
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

/** one line a thread: name, state, and where in the kernel it waits */
export function describeThreads(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map((tid) => {
      const folder = `/proc/${pid}/task/${tid}`;
      const name = read(`${folder}/comm`);
      const state = /^State:\s+(.*)$/m.exec(read(`${folder}/status`))?.[1] ?? 'unknown';
      const wchan = read(`${folder}/wchan`);
      return `thread ${tid} ${name}: ${state}${wchan === '' || wchan === '0' ? '' : `, waits in ${wchan}`}`;
    });
  } catch {
    return ['threads: the process is gone'];
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
}
