/**
 * The tables of a fleet beside those of pg-boss, and what an agent may do with them: it writes rows of its
 * own only, and reads what it has to run. Each agent has a role of its own; the database, not the agent,
 * says whose a row is.
 */
import { usageError } from '../../model/errors.js';
import { jobSchema, resultBytes } from '../limits.js';
import type { Database } from './connect.js';

/** members: the role of each agent */
export const agentGroup = 'drover_agents';
const rolePrefix = 'drover_agent_';

/** @param name of a host, checked before */
export const roleOf = (name: string): string => `${rolePrefix}${name}`;
export const hostOf = (role: string): string => role.slice(rolePrefix.length);

/**
 * Texts are JSON and stay text: jsonb refuses the character NUL, which the output of a QEMU may hold.
 * `seen`: the coordinator has read it. A number that counts up would not do, since a transaction may
 * commit after one that got a higher number. `seen_at`: its run, or its agent, lives.
 */
const tables = `
CREATE SCHEMA drover;
CREATE TABLE drover.fleet (state text NOT NULL, authority text NOT NULL, drover text NOT NULL);
CREATE TABLE drover.token (
  hash text PRIMARY KEY,
  expires timestamptz NOT NULL,
  used timestamptz
);
CREATE TABLE drover.host (
  host text PRIMARY KEY DEFAULT substr(current_user, ${rolePrefix.length + 1}),
  facts text CHECK (length(facts) <= 1048576),
  seen_at timestamptz NOT NULL DEFAULT now(),
  running int NOT NULL DEFAULT 0,
  draining boolean NOT NULL DEFAULT false
);
CREATE TABLE drover.queue (
  name text PRIMARY KEY,
  run text NOT NULL,
  need text NOT NULL,
  seen_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE drover.event (
  run text NOT NULL,
  job uuid NOT NULL,
  try int NOT NULL,
  seq int NOT NULL,
  host text NOT NULL DEFAULT substr(current_user, ${rolePrefix.length + 1}),
  body text NOT NULL CHECK (length(body) <= 16384),
  seen boolean NOT NULL DEFAULT false,
  PRIMARY KEY (job, try, seq)
);
CREATE INDEX ON drover.event (run) WHERE NOT seen;
CREATE TABLE drover.result (
  run text NOT NULL,
  job uuid NOT NULL,
  try int NOT NULL,
  host text NOT NULL DEFAULT substr(current_user, ${rolePrefix.length + 1}),
  body text NOT NULL CHECK (length(body) <= ${resultBytes}),
  seen boolean NOT NULL DEFAULT false,
  PRIMARY KEY (job, try)
);
CREATE INDEX ON drover.result (run) WHERE NOT seen;
`;

const own = `host = substr(current_user, ${rolePrefix.length + 1})`;

/** Row by row: an agent sees and writes its own. The owner of the tables sees all. */
const policies = ['host', 'event', 'result']
  .map(
    (table) => `
ALTER TABLE drover.${table} ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON drover.${table} TO ${agentGroup} USING (${own}) WITH CHECK (${own});
`,
  )
  .join('');

const rights = `
GRANT USAGE ON SCHEMA drover, ${jobSchema} TO ${agentGroup};
GRANT SELECT ON drover.fleet, drover.queue TO ${agentGroup};
GRANT SELECT, INSERT, UPDATE (facts, seen_at, running) ON drover.host TO ${agentGroup};
GRANT INSERT ON drover.event, drover.result TO ${agentGroup};
GRANT SELECT ON ${jobSchema}.queue, ${jobSchema}.version TO ${agentGroup};
`;

/** the tables that hold jobs: the partitioned one, and the partition of all small queues */
const jobTables = ['job', 'job_common'].map((name) => `${jobSchema}.${name}`);

/**
 * To fetch, touch and complete; not to make a job, and not to change what one says.
 */
const jobColumns = [
  ...['state', 'started_on', 'heartbeat_on', 'retry_count', 'completed_on', 'output'],
  ...['blocked', 'pending_dependencies'],
].join(', ');

/**
 * Makes all of it in a database where pg-boss has made its tables, or leaves it where it is there.
 * The role of the connection owns the tables, and must be able to make roles.
 */
export async function makeTables(
  database: Database,
  { authority, drover }: { readonly authority: string; readonly drover: string },
): Promise<void> {
  await database.transaction(async (sql) => {
    const group = await sql.executeSql('SELECT 1 FROM pg_roles WHERE rolname = $1', [agentGroup]);
    if (group.rows.length === 0) await sql.executeSql(`CREATE ROLE ${agentGroup} NOLOGIN`);
    const schema = await sql.executeSql("SELECT 1 FROM pg_namespace WHERE nspname = 'drover'");
    if (schema.rows.length === 0) await sql.executeSql(tables + policies);
    const before = await sql.executeSql('SELECT drover FROM drover.fleet');
    const [made] = before.rows as { drover: string }[];
    if (made !== undefined && made.drover !== drover) {
      throw usageError(
        'fleet-refused',
        `the database is that of a fleet of Drover ${made.drover}, and this is ${drover}: use another folder or database`,
      );
    }
    await sql.executeSql(rights);
    for (const table of jobTables) {
      await sql.executeSql(`GRANT SELECT, UPDATE (${jobColumns}) ON ${table} TO ${agentGroup}`);
    }
    await sql.executeSql('DELETE FROM drover.fleet');
    await sql.executeSql('INSERT INTO drover.fleet VALUES ($1, $2, $3)', ['up', authority, drover]);
  });
}

/** The role of an agent; one that is there already stays. @param name of the host, checked before */
export async function makeAgentRole(
  database: Database,
  name: string,
  password?: string,
): Promise<string> {
  const role = roleOf(name);
  await database.transaction(async (sql) => {
    const known = await sql.executeSql('SELECT 1 FROM pg_roles WHERE rolname = $1', [role]);
    const quoted = await sql.executeSql(
      "SELECT format('%s ROLE %I LOGIN CONNECTION LIMIT 16%s', $1::text, $2::text, CASE WHEN $3::text IS NULL THEN '' ELSE format(' PASSWORD %L', $3::text) END) AS make, format('GRANT %I TO %I', $4::text, $2::text) AS join",
      [known.rows.length === 0 ? 'CREATE' : 'ALTER', role, password ?? null, agentGroup],
    );
    const [row] = quoted.rows as { make: string; join: string }[];
    if (row === undefined) throw new Error('one row was asked for');
    await sql.executeSql(row.make);
    await sql.executeSql(row.join);
  });
  return role;
}
