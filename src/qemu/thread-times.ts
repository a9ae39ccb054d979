/** Processor time of a QEMU by class of thread, from /proc; QEMU names its threads. */
import { readFileSync, readdirSync } from 'node:fs';

/** By the name that the kernel shows, at most 15 characters; names changed in QEMU 9.1. */
const classes: readonly (readonly [RegExp, string])[] = [
  [/^(ALL )?CPU/, 'vCPU'],
  [/^(live_migration|mig\/src\/main)$/, 'migration'],
  [/^(multifdsend_|mig\/src\/send_)/, 'multifd send'],
  [/^(multifdrecv_|mig\/dst\/recv_)/, 'multifd receive'],
  [/^(return path|mig\/src\/return)$/, 'return path'],
  [/^(postcopy\/liste|mig\/dst\/listen)/, 'postcopy listen'],
  [/^(fault-|mig\/dst\/fault|mig\/dst\/preempt)/, 'postcopy fault'],
];

export function classOfThread(name: string, isFirst: boolean): string {
  if (isFirst) return 'main';
  return classes.find(([pattern]) => pattern.test(name))?.[1] ?? 'other';
}

interface Seen {
  threads: string;
  usedMs: number;
}

/** Looks from time to time, so that little of threads that end is lost. */
export class ThreadTimes {
  readonly #seen = new Map<string, Seen>();
  readonly #ms = new Map<string, number>();

  /** Time counts from now on. */
  constructor(private readonly pid: number) {
    this.look();
    this.#ms.clear();
  }

  /** by class, as of the last look */
  get ms(): ReadonlyMap<string, number> {
    return this.#ms;
  }

  look(): void {
    try {
      for (const tid of readdirSync(`/proc/${this.pid}/task`)) this.#lookAt(tid);
    } catch {
      return; // the process is gone
    }
  }

  #lookAt(tid: string): void {
    const folder = `/proc/${this.pid}/task/${tid}`;
    const seen = this.#seen.get(tid) ?? { threads: 'other', usedMs: 0 };
    try {
      // nanoseconds on a processor, nanoseconds in a run queue, time slices
      const usedMs = parseInt(readFileSync(`${folder}/schedstat`, 'utf8'), 10) / 1e6;
      // a thread has its creator's name for a moment
      if (seen.threads === 'other') {
        const name = readFileSync(`${folder}/comm`, 'utf8').trim();
        seen.threads = classOfThread(name, tid === String(this.pid));
      }
      // less than before: the number belongs to a new thread
      const grown = usedMs >= seen.usedMs ? usedMs - seen.usedMs : usedMs;
      seen.usedMs = usedMs;
      this.#seen.set(tid, seen);
      if (seen.threads === 'other') return;
      this.#ms.set(seen.threads, (this.#ms.get(seen.threads) ?? 0) + grown);
    } catch {
      return; // it ended meanwhile, or the kernel does not say
    }
  }
}
