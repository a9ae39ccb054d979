/**
 * The one place that starts processes. Each child
 *  - dies when the thread that started it dies, however that happens (native launcher);
 *  - leads a process group of its own, so that the terminal's Ctrl-C reaches Drover alone and the
 *    group can be ended as a whole;
 *  - writes its stdout and stderr to a file, which is evidence and never blocks it;
 *  - may get stream sockets as descriptors 3, 4, ... whose other ends are ours.
 */
import { closeSync, openSync, readdirSync } from 'node:fs';
import type { Socket } from 'node:net';
import { constants } from 'node:os';
import { HarnessError } from '../model/errors.js';
import { launcherPath, loadAddon } from '../native/addon.js';
import { directSocket } from './direct-socket.js';
import { processStat } from './proc-stat.js';

export interface SpawnSpec {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** file for stdout and stderr together */
  readonly outputPath: string;
  /** how many stream sockets to hand over, as descriptors 3 and up */
  readonly sockets: number;
  /** of ours, handed over after the sockets; they stay open here */
  readonly descriptors?: readonly number[];
  /** the program may run others: the launcher stays, and ends them all when it has to */
  readonly supervise: boolean;
}

export interface ExitStatus {
  /** exit code, or null when a signal ended it */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface SpawnedProcess {
  readonly pid: number;
  /** our ends of the handed-over sockets, in order */
  readonly sockets: readonly Socket[];
  /** settles when the process is gone and reaped; never rejects */
  readonly exited: Promise<ExitStatus>;
}

export async function spawnProcess(spec: SpawnSpec): Promise<SpawnedProcess> {
  const addon = loadAddon();
  const pairs: (readonly [ours: number, theirs: number])[] = [];
  const files: number[] = [];
  let pid: number;
  try {
    files.push(openSync('/dev/null', 'r'), openSync(spec.outputPath, 'a', 0o600));
    const [input = -1, output = -1] = files;
    for (let i = 0; i < spec.sockets; i++) pairs.push(addon.socketPair());
    const supervise = spec.supervise ? ['--supervise'] : [];
    pid = addon.spawn(
      [launcherPath(), ...supervise, String(process.pid), spec.program, ...spec.args],
      Object.entries(spec.env).flatMap(([name, value]) =>
        value === undefined ? [] : [`${name}=${value}`],
      ),
      spec.cwd,
      [input, output, output, ...pairs.map(([, theirs]) => theirs), ...(spec.descriptors ?? [])],
    );
  } catch (cause) {
    for (const [ours] of pairs) addon.closeFd(ours);
    throw cannotStart(spec, cause);
  } finally {
    for (const file of files) closeSync(file);
    for (const [, theirs] of pairs) addon.closeFd(theirs);
  }
  return {
    pid,
    sockets: pairs.map(([ours]) => directSocket(ours)),
    exited: exitOf(pid),
  };
}

/** Signals by number; where there are several names, the usual one. */
const signalNames = new Map(
  Object.entries(constants.signals)
    .reverse()
    .map(([name, number]) => [number, name as NodeJS.Signals]),
);

async function exitOf(pid: number): Promise<ExitStatus> {
  const ended = await loadAddon().waitPid(pid, Infinity).promise;
  switch (ended.state) {
    case 'exited':
      return { code: ended.code, signal: null };
    case 'signalled':
      return { code: null, signal: signalNames.get(ended.signal) ?? 'SIGKILL' };
    default:
      // somebody else has reaped it: how it ended is not known
      return { code: null, signal: 'SIGKILL' };
  }
}

function cannotStart(spec: SpawnSpec, cause: unknown): HarnessError {
  const why = cause instanceof Error ? cause.message : 'no process id';
  return new HarnessError({
    code: 'cannot-start-process',
    blame: 'host',
    message: `cannot start '${spec.program}': ${why}`,
    cause,
  });
}

/** Sends a signal to a whole process group that we started; false when it has no member left. */
export function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pid, signal);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}

/**
 * Whether a process group has a member that still runs; one that only waits to be reaped does not.
 */
export function groupLives(pid: number): boolean {
  if (!signalGroup(pid, 0)) return false;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .some((name) => {
      const stat = processStat(Number(name));
      return stat?.group === pid && stat.state !== 'Z' && stat.state !== 'X';
    });
}

/** what the supervising launcher takes as the order to end all that runs under it */
const supervisorSignal = 'SIGUSR1';

/** Ends a spawned process hard, and with a supervisor all that it started, in whatever group. */
export function killAll(pid: number, supervised: boolean): void {
  if (supervised && processStat(pid) !== undefined) process.kill(pid, supervisorSignal);
  else signalGroup(pid, 'SIGKILL');
}

export function describeExit(status: ExitStatus): string {
  return status.signal === null
    ? `exited with status ${String(status.code)}`
    : `was ended by ${status.signal}`;
}
