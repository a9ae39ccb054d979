/**
 * The connection to a fleet's database: few connections, each query with a deadline, TLS that is checked
 * against the fleet's own authority, and transactions.
 */
import { checkServerIdentity } from 'node:tls';
import type { ConnectionOptions, PeerCertificate } from 'node:tls';
import type { Pool, PoolClient, PoolConfig, QueryResultRow } from 'pg';
import type { ConstructorOptions, PgBoss } from 'pg-boss';
import * as v from 'valibot';
import { HarnessError, toFailure } from '../../model/errors.js';
import { jobSchema } from '../limits.js';
import { loadFleetPackages } from './load.js';

/** a database on another host may be slow to answer, but an agent must notice a lost one */
const queryMs = 5000;
/** of an agent or a coordinator: its loops, its transactions */
const connections = 4;

/** How to reach the database, and as whom. PEM texts. */
export interface DatabaseAccess {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly role: string;
  readonly password?: string;
  readonly tls?: DatabaseTls;
}

/** PEM texts. */
export interface DatabaseTls {
  /** absent: those that this host trusts */
  readonly authority?: string;
  /** in the server's certificate, whatever it is reached by; absent: the host's */
  readonly serverName?: string;
  readonly certificate?: string;
  readonly key?: string;
}

/** Such access in a file that Drover wrote. */
export const accessShape = v.strictObject({
  host: v.string(),
  port: v.number(),
  database: v.string(),
  role: v.string(),
  password: v.optional(v.string()),
  tls: v.optional(
    v.strictObject({
      authority: v.optional(v.string()),
      serverName: v.optional(v.string()),
      certificate: v.optional(v.string()),
      key: v.optional(v.string()),
    }),
  ),
});

/** What pg-boss, and the queries of ours, run their SQL with. */
export interface SqlRunner {
  executeSql(text: string, values?: unknown[]): Promise<{ rows: QueryResultRow[] }>;
}

export interface Database extends AsyncDisposable {
  readonly sql: SqlRunner;
  query<Row extends QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>;
  /** All of it or nothing. */
  transaction<T>(work: (sql: SqlRunner) => Promise<T>): Promise<T>;
  /** pg-boss on these connections; the caller stops it */
  boss(options: Omit<ConstructorOptions, 'db' | 'schema'>): PgBoss;
}

function poolConfig(access: DatabaseAccess, name: string): PoolConfig {
  const { host, port, database, role, password, tls } = access;
  return {
    ...{ host, port, database, user: role, password },
    application_name: name,
    max: connections,
    connectionTimeoutMillis: queryMs,
    query_timeout: queryMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 2000,
    // the loops of an agent ask more often: a connection that closes is one that was lost
    idleTimeoutMillis: 60_000,
    ssl: tls === undefined ? false : tlsOptions(tls, host),
  };
}

function tlsOptions(
  { authority, serverName, certificate, key }: DatabaseTls,
  host: string,
): ConnectionOptions {
  return {
    rejectUnauthorized: true,
    ...(authority === undefined ? {} : { ca: authority }),
    ...(certificate === undefined ? {} : { cert: certificate, key }),
    checkServerIdentity: (_host: string, found: PeerCertificate) =>
      checkServerIdentity(serverName ?? host, found),
  };
}

/** @param name of this program, as the server shows it */
export async function openDatabase(access: DatabaseAccess, name: string): Promise<Database> {
  const { pg, PgBoss } = await loadFleetPackages();
  const pool: Pool = new pg.Pool(poolConfig(access, name));
  // one that waits in the pool breaks when the server ends; the next query reports it
  pool.on('error', () => undefined);
  const sql = runnerOf(pool);
  return {
    sql,
    query: async <Row extends QueryResultRow>(text: string, values?: unknown[]) =>
      (await sql.executeSql(text, values)).rows as Row[],
    transaction: async (work) => await inTransaction(pool, work),
    boss: (options) => new PgBoss({ ...options, db: sql, schema: jobSchema }),
    [Symbol.asyncDispose]: async () => {
      if (!pool.ending) await pool.end();
    },
  };
}

const runnerOf = (from: Pool | PoolClient): SqlRunner => ({
  executeSql: async (text, values) => await from.query(text, values),
});

async function inTransaction<T>(pool: Pool, work: (sql: SqlRunner) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  // unheard, an error between two queries would end the process
  const onError = (): void => undefined;
  client.on('error', onError);
  let broken: Error | undefined;
  try {
    await client.query('BEGIN');
    const value = await work(runnerOf(client));
    await client.query('COMMIT');
    return value;
  } catch (error) {
    await client.query('ROLLBACK').catch((cause: unknown) => {
      broken = cause instanceof Error ? cause : new Error(String(cause));
    });
    throw error;
  } finally {
    client.off('error', onError);
    client.release(broken);
  }
}

/** Whether another try may help: the connection broke, or the server starts or ends. */
export function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return (
    /^(ECONN|EPIPE|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|EAI_AGAIN|57P0|08)/.test(code) ||
    /Connection terminated|timeout|Client has encountered a connection error|not queryable/i.test(
      error.message,
    )
  );
}

/** @throws HarnessError `no-database` if the server does not answer as it should */
export async function requireDatabase(database: Database, where: string): Promise<void> {
  try {
    await database.query('SELECT 1');
  } catch (cause) {
    throw new HarnessError({
      code: 'no-database',
      blame: 'host',
      message: `cannot use the fleet's database at ${where}: ${toFailure(cause).message}`,
      cause,
    });
  }
}
