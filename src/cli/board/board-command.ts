/** `drover board`: a local web page over a results folder. Starts no QEMU, changes no file. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import path from 'node:path';
import { createAdaptorServer } from '@hono/node-server';
import type { ServerType } from '@hono/node-server';
import { isLoopback } from '../../board/access.js';
import { RunStore } from '../../board/run-store.js';
import { boardApp } from '../../board/server.js';
import { fileProblem, usageError } from '../../model/errors.js';
import { withThreshold } from '../bench/bench-options.js';
import { withExamples } from '../options/help.js';
import type { AddCommand } from '../options/help.js';
import { countUpTo } from '../options/options.js';
import { exitCodes } from '../process/exit-codes.js';
import { print } from '../process/print.js';
import { catchSignals } from '../process/signals.js';

interface BoardOptions {
  readonly host: string;
  readonly port?: number;
  readonly history?: string;
  readonly threshold: number;
}

const usualPort = 8020;

export const addBoardCommand: AddCommand = (program, _environment, finish) => {
  const command = program
    .command('board')
    .description('serve a page over a results folder: runs, tests, trends, live progress')
    .argument('[dir]', 'the folder that holds the folders of --out', '.')
    .option(
      '--host <address>',
      'address to listen on; on any address but loopback, each request needs a token',
      '127.0.0.1',
    )
    .option(
      '--port <number>',
      `port to listen on (default: ${usualPort}, or a free one where it is taken)`,
      countUpTo(65535),
    )
    .option('--history <dir>', 'the folder of bench --history (default: history in DIR)');
  withThreshold(command).action(async (folder: string, options: BoardOptions) => {
    finish(await boardCommand(folder, options));
  });
  withExamples(command, {
    'drover board results': 'runs below results, at http://127.0.0.1:8020/',
    'drover board --host 0.0.0.0 results': 'for other hosts, with the token of the printed address',
  });
};

async function boardCommand(folder: string, options: BoardOptions): Promise<number> {
  try {
    if (!statSync(folder).isDirectory()) throw new Error('it is not a folder');
  } catch (cause) {
    throw usageError('no-results', `cannot show ${folder}: ${fileProblem(cause)}`, { cause });
  }
  const token = isLoopback(options.host) ? undefined : randomBytes(24).toString('base64url');
  const store = new RunStore(folder);
  // read once before the first page is asked for
  store.list();
  const app = boardApp({
    store,
    history: options.history ?? path.join(folder, 'history'),
    threshold: options.threshold,
    token,
    now: Date.now,
  });
  using interruption = catchSignals(exitCodes.cancelled);
  const server = createAdaptorServer({ fetch: app.fetch });
  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  const name = nameOf(options.host);
  const query = token === undefined ? '' : `?token=${token}`;
  await print(`drover board: http://${name}:${port}/${query}\n`);
  if (!interruption.signal.aborted) await once(interruption.signal, 'abort');
  server.close();
  // pages that follow a run would keep it open
  if ('closeAllConnections' in server) server.closeAllConnections();
  return exitCodes.passed;
}

/** What a browser, also on another host, can open. */
function nameOf(host: string): string {
  if (host === '0.0.0.0' || host === '::') return hostname();
  return host.includes(':') ? `[${host}]` : host;
}

/** @throws HarnessError `cannot-listen` */
async function listen(server: ServerType, { host, port }: BoardOptions): Promise<void> {
  const tries = port === undefined ? [usualPort, 0] : [port];
  let problem: unknown;
  for (const each of tries) {
    try {
      server.listen(each, host);
      await once(server, 'listening');
      return;
    } catch (cause) {
      problem = cause;
      if (!(cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE')) break;
    }
  }
  const why = problem instanceof Error ? problem.message : String(problem);
  throw usageError('cannot-listen', `cannot listen on ${host}: ${why}`, { cause: problem });
}
