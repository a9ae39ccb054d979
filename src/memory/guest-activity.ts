/**
 * Whether the guest of a QEMU that Drover did not start is stopped, seen from outside: without a
 * monitor, without a change.
 *
 * A guest that runs shows in one of three ways. A virtual processor of KVM is inside its ioctl. A
 * thread that emulates uses processor time; this file checks all threads but the first, since the
 * first serves monitors and displays of a stopped guest, too. And memory changes, which the caller
 * sees by reading it twice. An emulated guest that sleeps for the whole check does none of this: it
 * counts as stopped, and its memory does not change then.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { HarnessError } from '../model/errors.js';

export type GuestActivity =
  | { readonly kind: 'stopped'; readonly why: string }
  | { readonly kind: 'running'; readonly why: string };

export interface ActivityOptions {
  readonly signal?: AbortSignal;
  readonly windowMs?: number;
  /** /proc, but for tests */
  readonly root?: string;
}

interface ThreadSample {
  readonly id: string;
  readonly name: string;
  /** T or t when the process itself is stopped */
  readonly state: string;
  readonly busyNs: number;
  readonly insideGuest: boolean;
}

/**
 * A thread that emulates is always busy; one that serves a disk of a stopped guest hardly ever is.
 */
const busyShare = 0.02;
const usualWindowMs = 250;
/** Linux: KVM_RUN */
const runGuestRequest = 0xae80;
const ticksPerSecond = 100;
/** Linux: PF_USER_WORKER, a thread of the kernel's in a process */
const userWorker = 0x4000;

export async function guestActivity(
  pid: number,
  { signal, windowMs = usualWindowMs, root = '/proc' }: ActivityOptions = {},
): Promise<GuestActivity> {
  const folder = `${root}/${pid}/task`;
  const before = new Map(sample(folder).map((thread) => [thread.id, thread]));
  if (before.size === 0) throw gone(pid);
  if ([...before.values()].every(({ state }) => state === 'T' || state === 't')) {
    return { kind: 'stopped', why: 'the whole process is stopped' };
  }
  const startedMs = performance.now();
  await sleep(windowMs, undefined, { signal });
  const allowedNs = (performance.now() - startedMs) * 1e6 * busyShare;
  const after = sample(folder);
  if (after.length === 0) throw gone(pid);
  for (const thread of after) {
    const who = `thread ${thread.id} (${thread.name})`;
    const earlier = before.get(thread.id);
    if (thread.insideGuest && earlier?.insideGuest === true) {
      return { kind: 'running', why: `${who} is inside the guest` };
    }
    const usedNs = thread.busyNs - (earlier?.busyNs ?? 0);
    if (thread.id !== String(pid) && usedNs > allowedNs) {
      const usedMs = (usedNs / 1e6).toFixed(0);
      return {
        kind: 'running',
        why: `${who} used ${usedMs} ms of processor time in ${windowMs} ms`,
      };
    }
  }
  return { kind: 'stopped', why: `no thread ran the guest for ${windowMs} ms` };
}

function gone(pid: number): HarnessError {
  return new HarnessError({
    code: 'no-live-guest',
    blame: 'usage',
    message: `pid:${pid}: the process has ended`,
  });
}

/** None when the process has ended. */
function sample(folder: string): ThreadSample[] {
  let ids: string[];
  try {
    ids = readdirSync(folder);
  } catch {
    return [];
  }
  return ids.flatMap((id) => {
    try {
      const stat = readFileSync(`${folder}/${id}/stat`, 'utf8');
      // The name is in parentheses and may hold anything: count from behind it.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      // KVM's own worker never runs the guest, but looks as if it were inside its ioctl.
      if ((Number(fields[6]) & userWorker) !== 0) return [];
      return [
        {
          id,
          name: stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')')),
          state: fields[0] ?? '?',
          busyNs: busyTime(folder, id, Number(fields[11]) + Number(fields[12])),
          insideGuest: isInsideGuest(folder, id),
        },
      ];
    } catch {
      return []; // ended in between
    }
  });
}

/** Exact where the kernel keeps it, else in ticks. */
function busyTime(folder: string, id: string, ticks: number): number {
  try {
    const [ns] = readFileSync(`${folder}/${id}/schedstat`, 'utf8').split(' ');
    const exact = Number(ns);
    if (exact > 0) return exact;
  } catch {
    // not every kernel has it
  }
  return (ticks / ticksPerSecond) * 1e9;
}

/**
 * The arguments of the system call a thread is in; unreadable without the right to look into the
 * process.
 */
function isInsideGuest(folder: string, id: string): boolean {
  try {
    const [, , request] = readFileSync(`${folder}/${id}/syscall`, 'utf8').split(' ');
    return Number(request) === runGuestRequest;
  } catch {
    return false;
  }
}
