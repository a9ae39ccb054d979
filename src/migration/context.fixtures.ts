/** A test context over a real QEMU, for tests that drive machines themselves. */
import { chooseMachine } from '../model/machine-type.js';
import { platforms } from '../model/arch.js';
import type { MemoryBackend } from '../model/command-line.js';
import type { QemuFeatures } from '../model/features.js';
import type { GuestShape } from '../guest/shape.js';
import { resolveBinary } from '../qemu/binary.js';
import { probeFeatures } from '../qemu/probe.js';
import type { RealQemu } from '../qemu/qemus.fixtures.js';
import { TestContext } from './context.js';
import type { TestMachine } from './context.js';
import { makePlan } from './plan.js';
import type { PairPlan } from './plan.js';
import { waitEvent } from './waits.js';

export const env = Object.fromEntries(
  Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value]],
  ),
);

/** what each QEMU can do, asked once in a test process */
const known = new Map<string, Promise<QemuFeatures>>();

export async function planFor(
  { command }: Pick<RealQemu, 'command'>,
  directory: string,
): Promise<PairPlan> {
  const searchPath = process.env['PATH'] ?? '';
  const binary = resolveBinary(command, { searchPath, origin: 'test' });
  const probing =
    known.get(command) ?? probeFeatures(binary, { directory, env, timeoutMs: 60_000 });
  known.set(command, probing);
  const features = await probing;
  const { machineAlias } = platforms[binary.arch];
  const choice = chooseMachine({ alias: machineAlias }, features, features);
  if (choice.kind === 'absent') throw new Error(choice.reason);
  return makePlan({ source: { binary, features }, machine: choice.machine, env });
}

export function contextFor(plan: PairPlan, directory: string, guest: GuestShape = {}): TestContext {
  return new TestContext({
    plan,
    directory,
    guest,
    signal: AbortSignal.timeout(600_000),
    observer: { phase: () => undefined, status: () => undefined },
  });
}

/** A machine whose guest has gone round and is stopped in the middle of what it did. */
export async function stoppedMachine(
  context: TestContext,
  memory: MemoryBackend = { kind: 'anon' },
  extraArgs: readonly string[] = [],
): Promise<TestMachine> {
  const machine = await context.startMachine({
    side: 'destination',
    memory,
    firmware: context.writeGuest(),
    extraArgs,
  });
  await machine.serial.waitForB({ timeoutMs: 120_000 });
  await machine.qmp.execute('stop');
  await waitEvent(machine, 'STOP', 0);
  return machine;
}
