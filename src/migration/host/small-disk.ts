/**
 * Whether Drover can give one QEMU a small file system of its own, in a mount namespace that goes
 * with the process. Without root that takes a user namespace, in which a process no longer dies
 * with the thread that started it.
 */
import { Cancelled } from '../../model/deadline.js';
import { toFailure } from '../../model/errors.js';
import { runTool } from '../../qemu/run-tool.js';
import { describeExit } from '../../qemu/spawn.js';
import type { HostProbeOptions } from './dirty-ring-probe.js';

const script = 'mount -t tmpfs -o size=1m none "$0"';
const toolMs = 5000;

/** @returns undefined if it can */
export async function smallDiskObstacle(input: HostProbeOptions): Promise<string | undefined> {
  const { directory, signal, plan } = input;
  const no = (why: string): string => `no small file system for one process: ${why}`;
  if (process.geteuid?.() !== 0) return no('it takes root');
  try {
    const { status, output } = await runTool({
      program: '/usr/bin/env',
      args: ['unshare', '--mount', '/bin/sh', '-c', script, directory],
      ...{ directory, env: plan.env, timeoutMs: toolMs, signal },
    });
    if (status.code === 0) return undefined;
    return no(`'unshare --mount' with a tmpfs ${describeExit(status)}: ${output.trim()}`);
  } catch (error) {
    if (error instanceof Cancelled) throw error;
    return no(toFailure(error).message);
  }
}
