/** Runs a small program of the host to its end, under a deadline, and returns what it printed. */
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import path from 'node:path';
import { Cancelled, timeoutError, within } from '../model/deadline.js';
import { killAll, spawnProcess } from './spawn.js';
import type { ExitStatus } from './spawn.js';

/** more output than any tool needs */
const mostBytes = 64 * 1024;
/** a killed program is gone within this */
const killedMs = 3000;

export interface ToolCall {
  /** absolute path */
  readonly program: string;
  readonly args: readonly string[];
  /** private; the output is kept there */
  readonly directory: string;
  readonly env: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export interface ToolAnswer {
  readonly status: ExitStatus;
  /** stdout and stderr, in order */
  readonly output: string;
}

/** @throws HarnessError `deadline`, after which nothing of the program is left */
export async function runTool(call: ToolCall): Promise<ToolAnswer> {
  const { program, args, directory, env, timeoutMs, signal } = call;
  if (signal?.aborted === true) throw new Cancelled();
  const name = path.basename(program);
  const outputPath = path.join(directory, `${name}-${randomBytes(4).toString('hex')}.out`);
  const child = await spawnProcess({
    program,
    args,
    cwd: directory,
    env,
    outputPath,
    sockets: 0,
    supervise: true,
  });
  try {
    const status = await within(child.exited, { timeoutMs, signal }, () =>
      timeoutError({
        waitedFor: `end of '${[name, ...args].join(' ')}'`,
        timeoutMs,
        lastSeen: `process ${child.pid}, which had printed ${JSON.stringify(readStart(outputPath).slice(0, 80))}`,
        blame: 'host',
      }),
    );
    return { status, output: readStart(outputPath) };
  } catch (error) {
    killAll(child.pid, true);
    await within(child.exited, { timeoutMs: killedMs }, () => new Error('still there')).catch(
      () => undefined,
    );
    throw error;
  }
}

function readStart(file: string): string {
  const descriptor = openSync(file, 'r');
  try {
    const buffer = Buffer.alloc(mostBytes);
    return buffer.subarray(0, readSync(descriptor, buffer)).toString('utf8');
  } finally {
    closeSync(descriptor);
  }
}
