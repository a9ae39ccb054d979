/** A process by /proc: its state, its group, and where its threads wait. */
import { readFileSync, readdirSync } from 'node:fs';

export interface ProcessStat {
  /** R, S, D, T, Z, X, ... */
  readonly state: string;
  readonly group: number;
  /** clock ticks since boot; together with the id it identifies a process for ever */
  readonly startTime: string;
}

/** USER_HZ is 100 on every Linux that Node runs on */
const msPerTick = 10;

/**
 * From the state on. The second field is the name in parentheses and may hold anything: count from
 * behind it.
 */
const fieldsOf = (stat: string): string[] => stat.slice(stat.lastIndexOf(')') + 2).split(' ');

/** undefined when there is no such process */
export function processStat(pid: number): ProcessStat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  const fields = fieldsOf(text);
  return { state: fields[0] ?? '?', group: Number(fields[2]), startTime: fields[19] ?? '' };
}

/**
 * Processor time of a process, milliseconds, and whether a thread of it runs, or waits for a
 * processor or a disk; undefined: gone.
 */
export function processorUse(pid: number): { usedMs: number; runnable: boolean } | undefined {
  try {
    const stats = readdirSync(`/proc/${pid}/task`).map((tid) =>
      fieldsOf(read(`/proc/${pid}/task/${tid}/stat`)),
    );
    const fields = fieldsOf(read(`/proc/${pid}/stat`));
    const ticks = Number(fields[11]) + Number(fields[12]);
    return {
      usedMs: ticks * msPerTick,
      runnable: stats.some(([state]) => state === 'R' || state === 'D'),
    };
  } catch {
    return undefined;
  }
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
