/** `drover fleet`: starts a coordinator, shows the hosts of its fleet, and ends them. */
import { once } from 'node:events';
import { hostname } from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import { Coordinator } from '../../fleet/coordinator/coordinator.js';
import { isRunning, readFleetFile } from '../../fleet/coordinator/fleet-folder.js';
import type { FleetFile } from '../../fleet/coordinator/fleet-folder.js';
import { makeToken } from '../../fleet/coordinator/tokens.js';
import { readDatabaseUrl } from '../../fleet/database/database-url.js';
import { loadFleetPackages } from '../../fleet/database/load.js';
import { FleetConnection } from '../../fleet/run/connection.js';
import { joinText } from '../../fleet/join-line.js';
import { pollUntil } from '../../model/deadline.js';
import { usageError } from '../../model/errors.js';
import { withExamples } from '../options/help.js';
import type { AddCommand } from '../options/help.js';
import { countUpTo } from '../options/options.js';
import type { Environment } from '../process/environment.js';
import { exitCodes } from '../process/exit-codes.js';
import { noteOnStderr, print } from '../process/print.js';
import { catchSignals } from '../process/signals.js';
import { droverVersion } from '../process/version.js';
import { statusLines } from './fleet-status.js';

interface UpOptions {
  readonly host: string;
  readonly port?: number;
  readonly databasePort?: number;
  readonly database?: string;
}

const usualFolder = 'drover-fleet';
const downMs = 40_000;

export const addFleetCommand: AddCommand = (program, environment, finish) => {
  const fleet = program
    .command('fleet')
    .description('run tests on many hosts: start a coordinator, look after its agents');
  addUp(fleet, environment, finish);
  const onFolder = (name: string, description: string): Command =>
    fleet
      .command(name)
      .description(description)
      .argument('[dir]', 'the folder of the coordinator, on this host', usualFolder);
  onFolder('status', 'list the hosts of a fleet').action(async (folder: string) => {
    await using connection = await connect(folder);
    await print(statusLines(await connection.hosts()));
    finish(exitCodes.passed);
  });
  onFolder('token', 'print another join line: each lets one host join, within a day').action(
    async (folder: string) => {
      await using connection = await connect(folder);
      const { host, port, authority } = readFleetFile(folder);
      const token = await makeToken(connection.database);
      await print(`${joinText({ host, port, authority, token })}\n`);
      finish(exitCodes.passed);
    },
  );
  onFolder('drain', 'let agents end what they run, start nothing new, and end')
    .argument('[name]', 'one host only')
    .action(async (folder: string, name: string | undefined) => {
      await using connection = await connect(folder);
      const drained = await connection.database.query<{ host: string }>(
        'UPDATE drover.host SET draining = true WHERE $1::text IS NULL OR host = $1 RETURNING host',
        [name ?? null],
      );
      if (name !== undefined && drained.length === 0) {
        const known = (await connection.hosts()).map((host) => host.name).join(', ');
        throw usageError('no-such-host', `no host '${name}' in this fleet; it has: ${known}`);
      }
      finish(exitCodes.passed);
    });
  onFolder('down', 'end the agents of a fleet, and its coordinator').action(
    async (folder: string) => {
      await down(readFleetFile(folder));
      finish(exitCodes.passed);
    },
  );
};

function addUp(fleet: Command, environment: Environment, finish: (exitCode: number) => void): void {
  const command = fleet
    .command('up')
    .description('start a coordinator with a PostgreSQL of its own, print a join line, and stay')
    .argument('[dir]', 'its folder, which only its user may read', usualFolder)
    .option(
      '--host <address>',
      'address to listen on, which agents must be able to reach',
      '127.0.0.1',
    )
    .option('--port <number>', 'port that agents join at (default: a free one)', countUpTo(65535))
    .option(
      '--database-port <number>',
      'port of PostgreSQL (default: a free one)',
      countUpTo(65535),
    )
    .option(
      '--database <url>',
      'use this database instead of one of its own: postgresql://ROLE@HOST/NAME?sslmode=verify-full, with a role that may make roles; the password may come from PGPASSWORD',
    )
    .action(async (folder: string, options: UpOptions) => {
      finish(await up(path.resolve(folder), options, environment));
    });
  withExamples(command, {
    'drover fleet up --host 10.0.0.1': 'a coordinator in ./drover-fleet, for agents of a network',
    'drover run --fleet drover-fleet --level full --out results':
      'in another terminal: a run over the fleet',
  });
}

async function connect(folder: string): Promise<FleetConnection> {
  await loadFleetPackages();
  return await FleetConnection.open(folder, droverVersion());
}

async function up(folder: string, options: UpOptions, environment: Environment): Promise<number> {
  await loadFleetPackages();
  const { database } = options;
  const access =
    database === undefined ? undefined : readDatabaseUrl(database, environment.databasePassword);
  using interruption = catchSignals(exitCodes.cancelled);
  interruption.tell = (line) => {
    noteOnStderr(line.startsWith('cancelling') ? 'ending the fleet' : line);
  };
  const { host: listen } = options;
  const isAny = listen === '0.0.0.0' || listen === '::';
  await using coordinator = await Coordinator.start({
    ...{ folder, listen, host: isAny ? hostname() : listen },
    ...{ port: options.port ?? 0, databasePort: options.databasePort, access },
    drover: droverVersion(),
    searchPath: environment.searchPath,
    env: environment.forQemu,
    signal: interruption.signal,
    note: noteOnStderr,
  });
  await print(`${await coordinator.joinLine()}\n`);
  const signalled = interruption.signal.aborted
    ? Promise.resolve()
    : once(interruption.signal, 'abort');
  const end = await Promise.race([signalled.then(() => undefined), coordinator.databaseEnded]);
  if (end === undefined) return exitCodes.passed;
  noteOnStderr(`the fleet has no database any more: ${end}`);
  return exitCodes.broken;
}

async function down(file: FleetFile): Promise<void> {
  process.kill(file.pid, 'SIGTERM');
  await pollUntil(
    {
      waitedFor: 'end of the coordinator',
      timeoutMs: downMs,
      everyMs: 100,
      blame: 'host',
    },
    () => (isRunning(file) ? `process ${file.pid} runs` : undefined),
  );
}
