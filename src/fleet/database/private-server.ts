/**
 * A PostgreSQL of a fleet's own: the system's programs, a folder of its own, TLS with certificates of the
 * fleet's authority, no password, no superuser that can log in, and an end with the coordinator.
 */
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { HarnessError } from '../../model/errors.js';
import { pause, pollUntil, within } from '../../model/deadline.js';
import { locate } from '../../qemu/binary.js';
import { runTool } from '../../qemu/run-tool.js';
import { describeExit, killAll, spawnProcess } from '../../qemu/spawn.js';
import type { SpawnedProcess } from '../../qemu/spawn.js';
import { readTail } from '../../qemu/output-tail.js';
import type { PostgresPrograms } from './find-postgres.js';
import { accountOf, words } from './server-account.js';
import type { Account, AccountRequest } from './server-account.js';
import { databaseName, ownerRole, writeConfiguration } from './server-configuration.js';
import type { ConfigurationSpec } from './server-configuration.js';

const initMs = 60_000;
const startMs = 60_000;
/** after SIGINT, which ends what clients do; then SIGKILL */
const stopMs = 15_000;
const killedMs = 5000;

export interface PrivateServerSpec extends AccountRequest, ConfigurationSpec {
  readonly programs: PostgresPrograms;
  readonly port?: number;
}

export class PrivateServer implements AsyncDisposable {
  readonly #child: SpawnedProcess;
  readonly #data: string;
  isOver = false;

  private constructor(
    readonly port: number,
    child: SpawnedProcess,
    data: string,
  ) {
    this.#child = child;
    this.#data = data;
    void child.exited.then(() => (this.isOver = true));
  }

  /** settles with its end in words */
  get ended(): Promise<string> {
    return this.#child.exited.then((status) => `PostgreSQL ${describeExit(status)}`);
  }

  /** @throws HarnessError `postgresql-failed`, with what it printed */
  static async start(spec: PrivateServerSpec): Promise<PrivateServer> {
    const account = await accountOf(spec);
    const data = path.join(spec.directory, 'data');
    if (!exists(path.join(data, 'PG_VERSION'))) {
      try {
        await initialise(spec, account, data);
      } catch (error) {
        // half of it would be taken for all of it
        rmSync(data, { recursive: true, force: true });
        throw error;
      }
    }
    const port = spec.port ?? (await freePort(spec.listen));
    writeConfiguration(spec, account, data, port);
    await endOrphan(data);
    // of one that was killed, which says that it is ready
    const stale = identityIn(pidFile(data));
    const outputPath = path.join(spec.directory, 'server.log');
    const [program, args] = words(account, [spec.programs.postgres, '-D', data]);
    const child = await spawnProcess({
      program,
      args,
      cwd: '/',
      env: spec.env,
      outputPath,
      sockets: 0,
      supervise: true,
    });
    const server = new PrivateServer(port, child, data);
    try {
      await pollUntil(
        {
          waitedFor: 'PostgreSQL that accepts connections',
          timeoutMs: startMs,
          everyMs: 50,
          blame: 'host',
          signal: spec.signal,
        },
        () => {
          if (server.isOver) throw failed('it ended at once', outputPath);
          const lines = pidFile(data);
          const status = identityIn(lines) === stale ? undefined : lines[7]?.trim();
          return status === 'ready' ? undefined : `status ${status ?? 'none yet'}`;
        },
      );
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isOver) return;
    const gone = async (timeoutMs: number): Promise<boolean> =>
      await within(this.#child.exited, { timeoutMs }, () => new Error('still there')).then(
        () => true,
        () => false,
      );
    const pid = Number(pidFile(this.#data)[0]);
    if (pid > 1) {
      try {
        process.kill(pid, 'SIGINT');
      } catch {
        // it has gone
      }
      if (await gone(stopMs)) return;
    }
    killAll(this.#child.pid, true);
    await gone(killedMs);
  }
}

const exists = (file: string): boolean => statSync(file, { throwIfNoEntry: false }) !== undefined;

/** Lines of postmaster.pid: the process id first, the state last. */
function pidFile(data: string): string[] {
  try {
    return readFileSync(path.join(data, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return [];
  }
}

/** A server of this folder whose coordinator was killed, and which was left. Nobody else has the folder. */
async function endOrphan(data: string): Promise<void> {
  const pid = Number(pidFile(data)[0]);
  const runs = (): boolean => {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return words.includes(data);
    } catch {
      return false;
    }
  };
  if (!(pid > 1) || !runs()) return;
  process.kill(pid, 'SIGINT');
  await pollUntil(
    {
      waitedFor: `end of PostgreSQL, process ${pid}, that an earlier coordinator left`,
      ...{ timeoutMs: stopMs, everyMs: 50, blame: 'host' as const },
    },
    () => (runs() ? 'it runs' : undefined),
  );
}

/** process id and time of the start */
const identityIn = (lines: readonly string[]): string => `${lines[0]} ${lines[2]}`;

function failed(what: string, outputPath: string): HarnessError {
  return new HarnessError({
    code: 'postgresql-failed',
    blame: 'host',
    message: `PostgreSQL did not start: ${what}`,
    details: readTail(outputPath).trimEnd().split('\n').slice(-8),
  });
}

/** The cluster, its database and its owner: made without a connection, so that no superuser needs one. */
async function initialise(spec: PrivateServerSpec, account: Account, data: string): Promise<void> {
  const { programs, directory, env, signal } = spec;
  const run = async (program: string, args: readonly string[]): Promise<void> => {
    const [first, rest] = words(account, [program, ...args]);
    const call = { program: first, args: rest, directory, env, timeoutMs: initMs, signal };
    const { status, output } = await runTool(call);
    if (status.code === 0 && !/\b(ERROR|FATAL|PANIC):/.test(output)) return;
    throw new HarnessError({
      code: 'postgresql-failed',
      blame: 'host',
      message: `${path.basename(program)} failed: it ${describeExit(status)}`,
      details: output.trimEnd().split('\n').slice(-8),
    });
  };
  await run(programs.initdb, [
    ...['-D', data, '--username', 'postgres', '--auth', 'reject', '--encoding', 'UTF8'],
    ...['--locale', 'C', '--no-sync', '--no-instructions'],
  ]);
  const setup = path.join(directory, 'setup.sql');
  writeFileSync(
    setup,
    [
      `CREATE ROLE ${ownerRole} LOGIN CREATEROLE`,
      `CREATE DATABASE ${databaseName} OWNER ${ownerRole}`,
      '',
    ].join('\n'),
    { mode: 0o644 },
  );
  const shell = locate('sh', '/bin:/usr/bin') ?? '/bin/sh';
  const script = 'exec "$0" --single -D "$1" postgres < "$2"';
  await run(shell, ['-c', script, programs.postgres, data, setup]);
}

/** Another process could take it before the server does; the server then says so. */
async function freePort(host: string): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  await pause(0);
  return port;
}
