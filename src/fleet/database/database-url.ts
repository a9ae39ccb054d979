/** `--database URL`: a PostgreSQL that runs already. */
import { readFileSync } from 'node:fs';
import { fileProblem, usageError } from '../../model/errors.js';
import type { DatabaseAccess } from './connect.js';

const form =
  'postgresql://ROLE[:PASSWORD]@HOST[:PORT]/DATABASE?sslmode=verify-full[&sslrootcert=FILE]';

/** @throws HarnessError `database-url`; no message repeats the URL, which may hold a password */
export function readDatabaseUrl(text: string, password: string | undefined): DatabaseAccess {
  const refuse = (why: string, cause?: unknown): Error =>
    usageError('database-url', `--database: ${why}; expected ${form}`, { cause });
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw refuse('it is not a URL');
  }
  if (!['postgres:', 'postgresql:'].includes(url.protocol)) {
    throw refuse(`its scheme is ${url.protocol}`);
  }
  const database = decodeURIComponent(url.pathname.slice(1));
  const role = decodeURIComponent(url.username);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (host === '' || role === '' || database === '' || database.includes('/')) {
    throw refuse('it lacks a role, a host or a database');
  }
  const unknown = [...url.searchParams.keys()].find(
    (name) => !['sslmode', 'sslrootcert'].includes(name),
  );
  if (unknown !== undefined) throw refuse(`parameter '${unknown}' is not known`);
  const mode = url.searchParams.get('sslmode') ?? 'disable';
  const isLocal = host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
  if (mode !== 'verify-full' && !(mode === 'disable' && isLocal)) {
    throw refuse(
      `sslmode=${mode} does not show who answers at ${host}; only a database on this host may do without TLS`,
    );
  }
  const root = url.searchParams.get('sslrootcert');
  let authority: string | undefined;
  try {
    authority = root === null ? undefined : readFileSync(root, 'utf8');
  } catch (cause) {
    throw refuse(`sslrootcert: cannot read ${String(root)}: ${fileProblem(cause)}`, cause);
  }
  return {
    ...{ host, port: url.port === '' ? 5432 : Number(url.port), database, role },
    password: url.password === '' ? password : decodeURIComponent(url.password),
    tls: mode === 'disable' ? undefined : { authority },
  };
}
