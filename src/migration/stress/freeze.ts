/** Holds QEMUs by SIGSTOP for a while, once a round, at a moment that is left to chance. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Cancelled } from '../../model/deadline.js';
import type { Machine } from '../../qemu/machine.js';

export interface FreezeInput {
  readonly machines: readonly Machine[];
  /** how long each is held */
  readonly ms: number;
  /** until the first is held, at most */
  readonly withinMs: number;
  /** from 0 to 1, a new one at each call */
  readonly random: () => number;
  readonly signal: AbortSignal;
}

/** Holds them one after another. However it ends, all of them go on. */
export async function freezeInTurn(input: FreezeInput): Promise<void> {
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
