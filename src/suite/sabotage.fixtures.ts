/**
 * Harm done to a test from outside, whatever its flow: a QEMU killed or stopped at a migration
 * status, a command that QEMU never gets, a timer whose interrupts are lost at the destination,
 * memory altered just before it is checked. The definition
 * itself is left as it is.
 */
import type { Side } from '../model/outcome.js';
import { asString } from '../model/json.js';
import type { Interference } from '../migration/context.js';
import type { Machine } from '../qemu/machine.js';

/** A moment in a migration: this side reports this status. */
export interface Moment {
  readonly side: Side;
  readonly status: string;
}

function onStatus(machine: Machine, act: (status: string) => void): void {
  machine.qmp.events.listen(({ name, data }) => {
    const status = asString(data['status']);
    if (name === 'MIGRATION' && status !== undefined) act(status);
  });
}

/** Writes down the moments of an unharmed run, each once, in order. */
export function watched(moments: Moment[]): Interference {
  return {
    started: (machine) => {
      onStatus(machine, (status) => {
        const { side } = machine;
        if (!moments.some((each) => each.side === side && each.status === status)) {
          moments.push({ side, status });
        }
      });
    },
  };
}

export interface Harm {
  readonly moment: Moment;
  readonly victim: Side;
  readonly signal: 'SIGKILL' | 'SIGSEGV' | 'SIGSTOP';
}

/** `done` hears whether the moment came and the victim was there to be harmed. */
export function harmed({ moment, victim, signal }: Harm, done?: () => void): Interference {
  let over = false;
  return {
    started: (machine) => {
      if (machine.side !== moment.side) return;
      onStatus(machine, (status) => {
        if (over || status !== moment.status) return;
        const target = machine.context.machines.findLast(
          ({ side, process: { status: exit } }) => side === victim && exit === undefined,
        );
        if (target === undefined) return;
        over = true;
        process.kill(target.process.pid, signal);
        done?.();
      });
    },
  };
}

export interface IgnoredCommand {
  readonly command: string;
  /** only where the arguments contain this */
  readonly about?: string;
}

/** A command is answered as if QEMU had done it, and never sent. `heard` counts how often. */
export function ignored({ command, about }: IgnoredCommand): {
  readonly interference: Interference;
  readonly heard: () => number;
} {
  let count = 0;
  return {
    heard: () => count,
    interference: {
      answer: (name, args = {}) => {
        const meant = about === undefined || JSON.stringify(args).includes(`"${about}"`);
        if (name !== command || !meant) return undefined;
        count++;
        return {};
      },
    },
  };
}

/** The destination's interrupt controller lets nothing through from line 0, the interval timer. */
export function timerMasked(done: () => void): Interference {
  return {
    started: (machine) => {
      if (machine.side !== 'destination') return;
      onStatus(machine, (status) => {
        if (status !== 'completed') return;
        void machine.qtest.outPort('b', 0x21, 0xb9).then(done);
      });
    },
  };
}

/** One byte of a page in the middle of the checked range differs when memory is first checked. */
export function altered(done: (page: number) => void): Interference {
  let over = false;
  return {
    beforeCheck: async ({ qtest, context }) => {
      if (over) return;
      over = true;
      const { range } = context.platform;
      const page = range.start + 1000 * range.step;
      const value = await qtest.readByte(page);
      await qtest.writeByte(page, (value + 100) % 256);
      done(page);
    },
  };
}
