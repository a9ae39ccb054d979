/**
 * Runs the real command line as users do: a process of its own, with a temporary directory of its
 * own.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { asObject } from '../../model/json.js';
import type { Json, JsonObject } from '../../model/json.js';
import { Scratch, packageRoot } from '../../model/scratch.fixtures.js';

export interface Ran {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ran>;
}

const main = path.join(packageRoot, 'dist', 'cli', 'main.js');
export const droverCommand: readonly string[] = [process.execPath, main];
const limitMs = 600_000;
/** these tests may run in a CI job: its service must not see what they print */
const noService = { GITHUB_ACTIONS: '', GITLAB_CI: '', CI_NODE_TOTAL: '', TEST_TOTAL_SHARDS: '' };

export function startDrover(
  args: readonly string[],
  scratch: Scratch,
  env: Readonly<Record<string, string>> = {},
  cwd?: string,
  prefix: readonly string[] = [],
): Running {
  const [program = process.execPath, ...words] = [...prefix, ...droverCommand, ...args];
  const child = spawn(program, words, {
    env: { ...process.env, TMPDIR: scratch.directory, NO_COLOR: '1', ...noService, ...env },
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: limitMs,
    killSignal: 'SIGKILL',
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<Ran>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      resolve({ code, signal, stdout, stderr });
    });
  });
  return { child, ended };
}

export async function drover(
  args: readonly string[],
  scratch: Scratch,
  env: Readonly<Record<string, string>> = {},
  cwd?: string,
  prefix: readonly string[] = [],
): Promise<Ran> {
  return await startDrover(args, scratch, env, cwd, prefix).ended;
}

/** What a command answers with `--json`, which must end with `code`. */
export async function droverJson(
  args: readonly string[],
  scratch: Scratch,
  code: number,
): Promise<JsonObject> {
  const ran = await drover([...args, '--json'], scratch);
  assert.equal(ran.code, code, `${args.join(' ')}: ${ran.stdout}${ran.stderr}`);
  return asObject(JSON.parse(ran.stdout) as Json);
}

/** It ended with this code, and left no process. */
export function cleanEnd(ran: Ran, scratch: Scratch, code: number): void {
  assert.equal(ran.code, code, `${ran.stdout}\n${ran.stderr}`);
  assert.deepEqual(scratch.processes(), []);
}

export type Refusal = readonly [what: string, args: readonly string[], message: RegExp];

/** A command that is wrong usage: it says why, and leaves nothing. */
export function testRefusal(
  command: readonly string[],
  [what, args, message]: Refusal,
  skip: string | false,
): void {
  test(`${what}: refused before any guest starts`, { skip }, async () => {
    using scratch = new Scratch();
    const ran = await drover([...command, ...args], scratch);
    cleanEnd(ran, scratch, 2);
    assert.match(ran.stderr, message);
    assert.deepEqual(scratch.content, []);
  });
}

/** Until the process has the file open: it reads its arguments no more, and catches signals. */
export async function untilOpen({ child }: Running, file: string): Promise<void> {
  const folder = `/proc/${child.pid ?? 0}/fd`;
  const open = (): boolean => readdirSync(folder).some((fd) => linkOf(`${folder}/${fd}`) === file);
  while (!open()) {
    // A process that ended and was reaped has no folder any more, and the listing throws.
    await setTimeout(20);
  }
}

/** A descriptor may be closed between the listing and the look. */
function linkOf(file: string): string | undefined {
  try {
    return readlinkSync(file);
  } catch {
    return undefined;
  }
}
