/** The machines of a stress run: started for a round, ended after it, and their traces with them. */
import { readdirSync, rmSync } from 'node:fs';
import type { Side } from '../../model/outcome.js';
import { closeMemory, openMemory } from '../../qemu/shared-memory.js';
import { setCapability, setParameters } from '../commands.js';
import type { TestContext, TestMachine } from '../context.js';
import { endMachine } from '../verify.js';
import { usualStressChannels } from './transports.js';
import type { StressSpec } from './spec.js';

export interface Place {
  readonly side: Side;
  readonly round: number;
  /** waits for a guest that is sent there, instead of starting one */
  readonly receives: boolean;
}

/** A machine under stress, and what its evidence is named after. */
export interface Member {
  readonly machine: TestMachine;
  readonly stem: string;
}

export async function startMember(
  context: TestContext,
  spec: StressSpec,
  { side, round, receives }: Place,
): Promise<Member> {
  // each has memory of its own: what both sides map would need no migration
  const memory = openMemory(spec.memory, context.platform.ramBytes);
  const tag = `-round${round}`;
  let machine: TestMachine;
  try {
    machine = await context.startMachine({
      side,
      memory,
      firmware: context.writeGuest(),
      tag,
      // It stands still when it has arrived: a guest that goes on writes over what is damaged.
      incoming: receives ? 'defer' : undefined,
      extraArgs: receives ? ['-S'] : undefined,
    });
  } finally {
    closeMemory(memory);
  }
  const { capabilities, parameters, takesChannels } = spec.transport;
  for (const name of [...capabilities, 'events']) await setCapability(machine, name);
  const all = {
    ...(takesChannels ? { 'multifd-channels': spec.channels ?? usualStressChannels } : {}),
    ...parameters,
    ...spec.parameters,
  };
  if (Object.keys(all).length > 0) await setParameters(machine, all);
  return { machine, stem: `${side}${tag}` };
}

/** Ends a machine in good order, and takes away what it left in the directory: rounds may go on for days. */
export async function retire({ machine, stem }: Member): Promise<void> {
  const { context } = machine;
  await endMachine(machine);
  await context.forget(machine);
  for (const name of readdirSync(context.directory)) {
    if (name.startsWith(`${stem}.`)) rmSync(context.file(name));
  }
}
