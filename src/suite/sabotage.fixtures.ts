/**
 * Harm done to a test from outside, whatever its flow: a QEMU killed or stopped at a migration status,
 * memory altered just before it is checked. The definition itself is left as it is.
 */
import type { Side } from '../model/outcome.js';
import { asString } from '../model/json.js';
import type { TestContext } from '../migration/context.js';
import type { Machine } from '../qemu/machine.js';
import type { TestDefinition } from './definition.js';

/** A moment in a migration: this side tells this status. */
export interface Moment {
  readonly side: Side;
  readonly status: string;
}

type MachineHook = (machine: Machine, context: TestContext) => void;

/** The definition, with a hook on every machine it starts. */
function hooked(definition: TestDefinition, hook: MachineHook): TestDefinition {
  return {
    ...definition,
    run: async (context) => {
      const start = context.startMachine.bind(context);
      context.startMachine = async (wish) => {
        const machine = await start(wish);
        hook(machine, context);
        return machine;
      };
      return await definition.run(context);
    },
  };
}

function onStatus(machine: Machine, act: (status: string) => void): void {
  machine.qmp.events.listen(({ name, data }) => {
    const status = asString(data['status']);
    if (name === 'MIGRATION' && status !== undefined) act(status);
  });
}

/** Writes down the moments of an unharmed run, each once, in order. */
export function watched(definition: TestDefinition, moments: Moment[]): TestDefinition {
  return hooked(definition, (machine) => {
    onStatus(machine, (status) => {
      const { side } = machine;
      if (!moments.some((each) => each.side === side && each.status === status)) {
        moments.push({ side, status });
      }
    });
  });
}

export interface Harm {
  readonly moment: Moment;
  readonly victim: Side;
  readonly signal: 'SIGKILL' | 'SIGSTOP';
}

/** `done` hears whether the moment came and the victim was there to be harmed. */
export function harmed(
  definition: TestDefinition,
  { moment, victim, signal }: Harm,
  done: () => void,
): TestDefinition {
  let over = false;
  return hooked(definition, (machine, context) => {
    if (machine.side !== moment.side) return;
    onStatus(machine, (status) => {
      if (over || status !== moment.status) return;
      const target = context.machines.findLast(
        ({ side, process: { status: exit } }) => side === victim && exit === undefined,
      );
      if (target === undefined) return;
      over = true;
      process.kill(target.process.pid, signal);
      done();
    });
  });
}

export interface Unheeded {
  readonly command: string;
  /** only where the arguments contain this */
  readonly about?: string;
}

/** A command is answered as if QEMU had done it, and never sent. `heard` tells how often. */
export function unheeded(
  definition: TestDefinition,
  { command, about }: Unheeded,
): { readonly definition: TestDefinition; readonly heard: () => number } {
  let count = 0;
  return {
    heard: () => count,
    definition: hooked(definition, ({ qmp }) => {
      const execute = qmp.execute.bind(qmp);
      qmp.execute = async (name, args, options) => {
        const meant = about === undefined || JSON.stringify(args ?? {}).includes(`"${about}"`);
        if (name !== command || !meant) return await execute(name, args, options);
        count++;
        return {};
      };
    }),
  };
}

/** One byte of a page in the middle of the checked range differs when memory is looked at. */
export function altered(definition: TestDefinition, done: (page: number) => void): TestDefinition {
  return hooked(definition, (machine, { platform: { range } }) => {
    const open = machine.ram.bind(machine);
    let over = false;
    machine.ram = async (...args) => {
      const ram = await open(...args);
      const check = ram.checkStopped.bind(ram);
      ram.checkStopped = async (...given) => {
        if (!over) {
          over = true;
          const page = range.start + 1000 * range.step;
          const value = await machine.qtest.readByte(page);
          await machine.qtest.writeByte(page, (value + 100) % 256);
          done(page);
        }
        return await check(...given);
      };
      return ram;
    };
  });
}
