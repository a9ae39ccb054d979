/** Faults outside of the channel: signals to a QEMU, and limits of its process. */
import { HarnessError } from '../../../model/errors.js';
import { pause } from '../../../model/deadline.js';
import { runTool } from '../../../qemu/run-tool.js';
import { describeExit } from '../../../qemu/spawn.js';
import type { TestMachine } from '../../context.js';

/** Ends a QEMU hard. @param killed it is expected to be gone from now on */
export async function killMachine(machine: TestMachine, killed: Set<TestMachine>): Promise<void> {
  killed.add(machine);
  process.kill(-machine.process.pid, 'SIGKILL');
  await machine.process.waitForExit(machine.context.deadlines.exitMs, machine.context.signal);
}

/** Freezes a QEMU as a host that hangs does. It goes on afterwards, whatever happens meanwhile. */
export async function freezeMachine(machine: TestMachine, ms: number): Promise<void> {
  signal(machine, 'SIGSTOP');
  try {
    await pause(ms, machine.context.signal);
  } finally {
    signal(machine, 'SIGCONT');
  }
}

/**
 * QEMU alone: a supervisor that stands still as well could not end it if Drover is killed. It may
 * have ended meanwhile.
 */
function signal({ pid, process: { status } }: TestMachine, name: 'SIGSTOP' | 'SIGCONT'): void {
  if (status !== undefined) return;
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** such as `nofile=40`: as prlimit(1) takes it, soft and hard */
export async function limitMachine(machine: TestMachine, limit: string): Promise<void> {
  const { context, pid, side } = machine;
  const { status, output } = await runTool({
    program: '/usr/bin/env',
    args: ['prlimit', '--pid', String(pid), `--${limit}`],
    ...{ directory: context.directory, env: context.plan.env },
    ...{ timeoutMs: toolMs, signal: context.signal },
  });
  if (status.code === 0) return;
  throw new HarnessError({
    code: 'no-limit',
    blame: 'host',
    message: `'prlimit --${limit}' of the ${side} QEMU ${describeExit(status)}: ${output.trim()}`,
    side,
  });
}

const toolMs = 10_000;
