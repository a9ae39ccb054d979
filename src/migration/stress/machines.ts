/** The machines of a stress run: started for a round and ended after it, with their files. */
import { readdirSync, rmSync } from 'node:fs';
import type { Side } from '../../model/outcome.js';
import { pagesOf } from '../../model/stamps.js';
import type { QemuBinary } from '../../qemu/binary.js';
import { closeMemory, openMemory } from '../../qemu/shared-memory.js';
import { setCapability, setParameters } from '../commands.js';
import type { TestContext, TestMachine } from '../context.js';
import { endMachine } from '../verify.js';
import { usualStressChannels } from './transports.js';
import { pulsePort } from './device-pulses.js';
import type { DevicePulses } from './device-pulses.js';
import { traceArgs } from './downtime-parts.js';
import type { StressSpec } from './spec.js';

export interface Place {
  readonly side: Side;
  readonly round: number;
  /** waits for an incoming migration instead of starting a guest */
  readonly receives: boolean;
  readonly pulses?: DevicePulses | undefined;
}

/** A machine of a stress run, and the prefix of its evidence files. */
export interface Member {
  readonly machine: TestMachine;
  readonly stem: string;
}

/** taskset becomes QEMU, whose threads all inherit the processors. */
const pinned = (binary: QemuBinary<string>, cpus: string): QemuBinary<string> => ({
  ...binary,
  command: `taskset -c ${cpus} ${binary.command}`,
});

export async function startMember(
  context: TestContext,
  spec: StressSpec,
  { side, round, receives, pulses }: Place,
): Promise<Member> {
  // each has memory of its own: memory that both sides map would not migrate
  const memory = openMemory(spec.memory, context.platform.ramBytes);
  const tag = `-round${round}`;
  const { cpus, node } = spec.placement?.[side] ?? {};
  let machine: TestMachine;
  try {
    machine = await context.startMachine({
      ...{ side, memory, tag, accelOptions: spec.accelOptions, hostNode: node },
      binary: cpus === undefined ? undefined : pinned(context.binaryOf(side), cpus),
      // a guest that is measured writes what its scenario says, and nothing else
      firmware: context.writeGuest({
        timers: spec.autostart !== true,
        pulsePort: pulses === undefined ? undefined : pulsePort,
      }),
      incoming: receives ? 'defer' : undefined,
      // A guest that runs after the migration overwrites damage.
      extraArgs: [
        ...(receives && spec.autostart !== true ? ['-S'] : []),
        ...(spec.probes === true ? traceArgs : []),
        ...(pulses?.args(side) ?? []),
      ],
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

/** After one pass every page has a stamp; before, the check would prove nothing. */
export async function wholePass({ machine }: Member): Promise<void> {
  const { context } = machine;
  const { pacePagesPerSecond: pace, passesPerB } = context.platform;
  const paceMs = pace === undefined ? 0 : (1000 * pagesOf(context.stamped) * passesPerB) / pace;
  // a busy host may not keep the pace
  const timeoutMs = context.deadlines.memoryMs + 3 * paceMs;
  await machine.serial.waitForB({ timeoutMs, signal: context.signal });
}

/** Ends a machine and removes its files, since rounds may go on for days. */
export async function retire({ machine, stem }: Member): Promise<void> {
  const { context } = machine;
  await endMachine(machine);
  await context.forget(machine);
  for (const name of readdirSync(context.directory)) {
    if (name.startsWith(`${stem}.`)) rmSync(context.file(name));
  }
}
