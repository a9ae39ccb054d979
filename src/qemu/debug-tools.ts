/**
 * The tools that a QEMU can be run under to find out what it does. Each becomes a prefix of the
 * QEMU's command, and writes beside the test's other evidence; gdb may be attached by a person
 * instead.
 */
import { readFileSync } from 'node:fs';
import { endlessMs, pause, timeoutError } from '../model/deadline.js';
import type { Side } from '../model/outcome.js';
import type { QemuBinary } from './binary.js';

export const debugToolNames = ['gdb', 'valgrind', 'strace', 'rr'] as const;
export type DebugToolName = (typeof debugToolNames)[number];

interface DebugTool {
  /** the Debian package that has it */
  readonly package: string;
  /** what comes before the QEMU; run by a shell in the test's directory */
  readonly prefix: (side: Side) => string;
  /** beginning of the names of what it writes there */
  readonly output: (side: Side) => string;
}

/**
 * The shell becomes the tool: its process id distinguishes a second destination's file from the
 * first's.
 */
const debugTools: Readonly<Record<DebugToolName, DebugTool>> = {
  // gdb takes programs only, and the QEMU may be a script: a shell becomes it. QEMU's threads wake
  // each other by SIGUSR1. The last command must succeed, or gdb's status is its own: `bt` fails
  // where all is over.
  gdb: {
    package: 'gdb',
    prefix: () =>
      `gdb -q -batch -return-child-result -ex 'set pagination off' -ex 'handle SIGUSR1 nostop noprint pass' -ex run -ex 'thread apply all bt' -ex bt -ex 'echo \\n' --args /bin/sh -c 'exec "$0" "$@"'`,
    output: (side) => `${side}.stderr`,
  },
  valgrind: {
    package: 'valgrind',
    prefix: (side) => `valgrind --trace-children=yes --log-file=${side}.valgrind.%p`,
    output: (side) => `${side}.valgrind.`,
  },
  strace: {
    package: 'strace',
    prefix: (side) => `strace -f -tt -o ${side}.strace.$$`,
    output: (side) => `${side}.strace.`,
  },
  rr: {
    package: 'rr',
    prefix: (side) => `rr record --output-trace-dir=${side}.rr.$$`,
    output: (side) => `${side}.rr.`,
  },
};

/** A run in which a person debugs QEMU: no wait ends before that. Plain data, for workers. */
export interface DebugPlan {
  readonly tool: DebugToolName;
  readonly sides: readonly Side[];
  /** a person attaches gdb from another terminal; the test waits until then */
  readonly attach: boolean;
}

export function debugPackage(tool: DebugToolName): string {
  return debugTools[tool].package;
}

/** The QEMU of a side, under the tool where the plan says so. */
export function underTool<Target extends string>(
  binary: QemuBinary<Target>,
  side: Side,
  plan: DebugPlan,
): QemuBinary<Target> {
  if (plan.attach || !plan.sides.includes(side)) return binary;
  const command = `${debugTools[plan.tool].prefix(side)} ${binary.command}`;
  return { ...binary, command, isPrefixed: true };
}

/** Whether a file in a test's directory is what the tool wrote. */
export function isToolOutput(name: string, { tool, sides }: DebugPlan): boolean {
  return sides.some((side) => name.startsWith(debugTools[tool].output(side)));
}

const lookEveryMs = 200;

/** a command that attaches gdb to a QEMU, to be pasted into a shell */
export function attachCommand(pid: number): string {
  return `gdb -p ${pid} -ex 'handle SIGUSR1 nostop noprint pass'`;
}

/** Waits until a debugger holds the process. @throws HarnessError `deadline`, after weeks */
export async function waitForTracer(pid: number, side: Side, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + endlessMs;
  while (performance.now() < deadline) {
    if (tracerOf(pid) !== 0) return;
    await pause(lookEveryMs, signal);
  }
  throw timeoutError({ waitedFor: 'debugger', timeoutMs: endlessMs, side, blame: 'host' });
}

/** process id of the tracer; 0 for none. A process that is gone needs no waiting for. */
function tracerOf(pid: number): number | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/^TracerPid:\s*(\d+)$/m.exec(status)?.[1] ?? 0);
  } catch {
    return undefined;
  }
}
