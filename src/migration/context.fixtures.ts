/** A test context over a real QEMU, for tests that drive machines themselves. */
import { chooseMachine } from '../model/machine-type.js';
import { platforms } from '../model/arch.js';
import type { MemoryBackend } from '../model/command-line.js';
import type { GuestShape } from '../guest/shape.js';
import { resolveBinary } from '../qemu/binary.js';
import type { Machine } from '../qemu/machine.js';
import { probeFeatures } from '../qemu/probe.js';
import type { RealQemu } from '../qemu/qemus.fixtures.js';
import { TestContext } from './context.js';
import type { PairPlan } from './plan.js';
import { waitEvent } from './waits.js';

export const env = Object.fromEntries(
  Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value]],
  ),
);

export async function planFor(qemu: RealQemu, directory: string): Promise<PairPlan> {
  const binary = resolveBinary(qemu.command, { searchPath: '', origin: 'test' });
  const features = await probeFeatures(binary, { directory, env, timeoutMs: 20_000 });
  const { machineAlias } = platforms[binary.arch];
  const choice = chooseMachine({ alias: machineAlias }, features, features);
  if (choice.kind === 'absent') throw new Error(choice.reason);
  return {
    arch: binary.arch,
    source: binary,
    destination: binary,
    sourceFeatures: features,
    destinationFeatures: features,
    host: {},
    machine: choice.machine,
    accel: 'tcg',
    slowness: 1,
    qtestLog: false,
    env,
  };
}

export function contextFor(plan: PairPlan, directory: string, guest: GuestShape = {}): TestContext {
  return new TestContext({
    plan,
    directory,
    guest,
    signal: AbortSignal.timeout(60_000),
    observer: { phase: () => undefined, status: () => undefined },
  });
}

/** A machine whose guest has gone round and is stopped in the middle of what it did. */
export async function stoppedMachine(
  context: TestContext,
  memory: MemoryBackend = { kind: 'anon' },
): Promise<Machine> {
  const machine = await context.startMachine({
    side: 'destination',
    memory,
    firmware: context.writeGuest(),
  });
  await machine.serial.waitForB({ timeoutMs: 20_000 });
  await machine.qmp.execute('stop');
  await waitEvent(context, machine, 'STOP', 0);
  return machine;
}
