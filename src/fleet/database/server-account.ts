/** Who PostgreSQL runs as: we ourselves, or where we are root, whom it refuses, Debian's user for it. */
import { chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { HarnessError } from '../../model/errors.js';
import { locate } from '../../qemu/binary.js';
import { runTool } from '../../qemu/run-tool.js';

const serverUser = 'postgres';

export interface AccountRequest {
  /** of the server; made where it is absent */
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface Account {
  /** before a command */
  readonly prefix: readonly string[];
  /** gives it a file */
  readonly own: (file: string) => void;
}

/** As the server's user. */
export function words(
  { prefix }: Account,
  command: readonly string[],
): readonly [program: string, args: readonly string[]] {
  const [program = '', ...args] = [...prefix, ...command];
  return [program, args];
}

/** PostgreSQL refuses to run as root: then it runs as Debian's user for it. */
export async function accountOf({ directory, env, signal }: AccountRequest): Promise<Account> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (process.getuid?.() !== 0) return { prefix: [], own: () => undefined };
  const searchPath = `${env['PATH'] ?? ''}:/usr/sbin:/sbin`;
  const setpriv = locate('setpriv', searchPath);
  const ids = userIds(serverUser);
  if (setpriv === undefined || ids === undefined) {
    throw new HarnessError({
      code: 'no-server-user',
      blame: 'host',
      message: `PostgreSQL does not run as root, and this host has no ${ids === undefined ? `user ${serverUser}` : 'setpriv'} to run it as; run drover fleet up as another user`,
    });
  }
  // It becomes the command, so PostgreSQL is the launcher's own child, and ends with it.
  const asUser = ['--reuid', serverUser, '--regid', serverUser, '--init-groups'];
  const prefix = [setpriv, ...asUser, '--pdeathsig', 'KILL', '--'];
  const own = (file: string): void => {
    chownSync(file, ids.uid, ids.gid);
  };
  own(directory);
  const test = locate('test', searchPath) ?? '/usr/bin/test';
  const call = {
    ...{ program: setpriv, args: [...asUser, '--', test, '-w', directory] },
    ...{ env, timeoutMs: 10_000, signal },
  };
  const place = mkdtempSync(path.join(os.tmpdir(), 'drover-account-'));
  const { status } = await runTool({ ...call, directory: place }).finally(() => {
    rmSync(place, { recursive: true, force: true });
  });
  if (status.code !== 0) {
    throw new HarnessError({
      code: 'no-server-user',
      blame: 'host',
      message: `PostgreSQL runs as user ${serverUser}, who cannot reach ${directory}: let others pass through the folders above it (chmod o+x), or choose another folder`,
    });
  }
  return { prefix, own };
}

function userIds(name: string): { readonly uid: number; readonly gid: number } | undefined {
  const row = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find(([user]) => user === name);
  return row === undefined ? undefined : { uid: Number(row[2]), gid: Number(row[3]) };
}
