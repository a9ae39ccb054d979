/** Stops QEMUs by SIGSTOP once a round, at a random moment. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Cancelled } from '../../model/deadline.js';
import type { Machine } from '../../qemu/machine.js';

export interface FreezeOptions {
  readonly machines: readonly Machine[];
  /** how long each is stopped */
  readonly ms: number;
  /** the first is stopped within this time */
  readonly withinMs: number;
  /** from 0 to 1, a new one at each call */
  readonly random: () => number;
  readonly signal: AbortSignal;
}

/** Stops them one after another. All of them run again at the end, also after an error. */
export async function freezeInTurn(input: FreezeOptions): Promise<void> {
  for (const machine of input.machines) {
    await wait(input.random() * input.withinMs, input.signal);
    signal(machine, 'SIGSTOP');
    try {
      await wait(input.ms, input.signal);
    } finally {
      signal(machine, 'SIGCONT');
    }
  }
}

function signal(machine: Machine, name: 'SIGSTOP' | 'SIGCONT'): void {
  if (machine.process.status === undefined) process.kill(machine.pid, name);
}

async function wait(ms: number, ended: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal: ended });
  } catch {
    throw new Cancelled();
  }
}
