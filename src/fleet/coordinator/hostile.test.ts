/**
 * What a fleet refuses, each with a clear word: strangers, tokens, messages, evidence, names, and what an
 * agent may not do in the database. A real PostgreSQL and a real coordinator; no QEMU.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { issuePair, makeAuthority } from '../../credentials/private-authority.js';
import { CoordinatorClient, refusalOf } from '../agent/https-client.js';
import type { Answer, Identity } from '../agent/https-client.js';
import { joinFleet } from '../agent/join.js';
import type { Membership } from '../agent/join.js';
import { openDatabase } from '../database/connect.js';
import type { Database, DatabaseAccess } from '../database/connect.js';
import { makeAgentRole } from '../database/tables.js';
import { jobSchema } from '../limits.js';
import type { JoinLine } from '../join-line.js';
import { RunningCoordinator, postgresObstacle, release } from './coordinator.fixtures.js';

const skip = postgresObstacle();
let fleet: RunningCoordinator;
let member: Membership;

before(async () => {
  if (skip !== false) return;
  fleet = await RunningCoordinator.start();
  member = await join(await fleet.joinLine(), 'good');
});

after(async () => {
  if (skip !== false) return;
  const { scratch } = fleet;
  await fleet[Symbol.asyncDispose]();
  assert.deepEqual(scratch.processes(), [], 'no process is left');
});

const join = async (line: JoinLine, name: string): Promise<Membership> =>
  await joinFleet({ line, name, drover: release });

const place = (): { host: string; port: number } => ({ host: '127.0.0.1', port: fleet.file.port });
const identity = (): Identity => ({
  ...{ authority: member.authority, certificate: member.certificate, key: member.key },
});

async function ask(
  who: Identity,
  method: 'GET' | 'POST' | 'PUT',
  where: string,
  body?: string,
): Promise<Answer> {
  using client = new CoordinatorClient(place(), who);
  return await client.ask({ method, path: where, body, timeoutMs: 10_000 });
}

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');

test('a token works once; an unknown and an expired one do not', { skip }, async () => {
  const line = await fleet.joinLine();
  await join(line, 'first');
  await assert.rejects(join(line, 'second'), /the token was used already: each works once/);
  const unknown = { ...line, token: 'x'.repeat(32) };
  await assert.rejects(join(unknown, 'second'), /the token is not one of this fleet/);
  const old = await fleet.joinLine();
  await fleet.owner.query('UPDATE drover.token SET expires = now() WHERE hash = $1', [
    digestOf(old.token),
  ]);
  await assert.rejects(join(old, 'second'), /the token has expired; 'drover fleet token'/);
});

test('of two that come with one token at the same time, one joins', { skip }, async () => {
  const line = await fleet.joinLine();
  const both = await Promise.allSettled([join(line, 'twin-a'), join(line, 'twin-b')]);
  assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
});

test('an agent of another release is refused, and keeps its token', { skip }, async () => {
  const line = await fleet.joinLine();
  await assert.rejects(
    joinFleet({ line, name: 'other', drover: '9.9.9' }),
    /the agent is Drover 9\.9\.9 and the coordinator 1\.2\.3-test: install the same release/,
  );
  await join(line, 'other');
});

test('a coordinator with another authority gets no token', { skip }, async () => {
  const line = await fleet.joinLine();
  const wrong = { ...line, authority: 'ab'.repeat(32) };
  await assert.rejects(join(wrong, 'victim'), /is not the coordinator of this join line/);
  await join(line, 'victim');
});

test(
  'a request to join of the wrong shape, or with SQL in its name, is refused',
  { skip },
  async () => {
    const { authority } = member;
    const { token } = await fleet.joinLine();
    const good = { version: 1, drover: release, name: 'x', token, request: 'nonsense' };
    const wrong: readonly (readonly [string, RegExp])[] = [
      ['nonsense', /request to join of the wrong shape/],
      ['[]', /request to join of the wrong shape/],
      [JSON.stringify({ ...good, version: 2 }), /version/],
      [JSON.stringify({ ...good, more: 1 }), /more/],
      [
        JSON.stringify({ ...good, name: 'x"; DROP ROLE drover_owner; --' }),
        /name: a name of 1 to 40/,
      ],
      [JSON.stringify({ ...good, name: '../../x' }), /name: a name of 1 to 40/],
      [JSON.stringify(good), /the certificate request is not valid/],
    ];
    for (const [body, reason] of wrong) {
      const answer = await ask({ authority }, 'POST', '/enrol', body);
      assert.equal(answer.status, 403, body);
      assert.match(refusalOf(answer), reason);
    }
    const long = await ask({ authority }, 'POST', '/enrol', JSON.stringify('x'.repeat(100_000)));
    assert.equal(long.status, 413);
  },
);

test('a name reaches SQL as a name, whatever is in it', { skip }, async () => {
  const name = `x"; DROP ROLE drover_owner; --'`;
  const role = await makeAgentRole(fleet.owner, name);
  const roles = await fleet.owner.query<{ rolname: string }>(
    "SELECT rolname FROM pg_roles WHERE rolname LIKE 'drover%'",
  );
  const names = roles.map(({ rolname }) => rolname);
  assert.ok(names.includes(role) && names.includes('drover_owner'), names.join());
});

test('evidence is taken from agents of this fleet only', { skip }, async () => {
  const where = `/evidence/${digestOf('x')}`;
  const { authority } = member;
  const none = await ask({ authority }, 'PUT', where, 'x');
  assert.equal(none.status, 401);
  assert.match(refusalOf(none), /a client certificate of the fleet is required/);
  const strange = await makeAuthority('Another fleet');
  const pair = await issuePair(strange, { kind: 'client', commonName: 'drover_agent_good' });
  const other = await ask({ authority, ...pair }, 'PUT', where, 'x');
  assert.equal(other.status, 401);
  assert.match(refusalOf(other), /not of this fleet/);
  assert.equal((await ask(identity(), 'PUT', where, 'x')).status, 204);
  assert.equal((await ask(identity(), 'GET', '/elsewhere')).status, 404);
});

test(
  'evidence with the wrong digest, or under a path, is refused and not kept',
  { skip },
  async () => {
    const wrong = await ask(identity(), 'PUT', `/evidence/${digestOf('a')}`, 'b');
    assert.equal(wrong.status, 403);
    assert.match(refusalOf(wrong), /the content has the digest [0-9a-f]{64} and not [0-9a-f]{64}/);
    for (const name of ['..%2f..%2fpasswd', 'A'.repeat(64), 'abc', '%00']) {
      const answer = await ask(identity(), 'PUT', `/evidence/${name}`, 'b');
      assert.equal(answer.status, 403, name);
      assert.match(refusalOf(answer), /is no SHA-256 in lower-case hex/);
    }
    const climbing = await ask(identity(), 'PUT', `/evidence/../../${digestOf('b')}`, 'b');
    assert.equal(climbing.status, 404);
    const store = path.join(fleet.folder, 'evidence');
    assert.ok(!existsSync(path.join(store, digestOf('a').slice(0, 2), digestOf('a'))));
    assert.deepEqual(readdirSync(path.join(store, 'arriving')), []);
  },
);

async function refusedBy(access: DatabaseAccess, reason: RegExp): Promise<void> {
  await using database = await openDatabase(access, 'test');
  await assert.rejects(database.query('SELECT 1'), reason);
}

test(
  'the database lets in who has a certificate of the fleet for the role, by TLS',
  { skip },
  async () => {
    const access = member.database;
    const { tls = {} } = access;
    const { authority, serverName } = tls;
    await refusedBy({ ...access, tls: undefined }, /no pg_hba\.conf entry.*no encryption/);
    await refusedBy(
      { ...access, tls: { authority, serverName } },
      /valid client certificate|certificate required/,
    );
    await refusedBy({ ...access, role: 'drover_owner' }, /certificate authentication failed/);
    await refusedBy({ ...access, role: 'drover_agent_first' }, /certificate authentication failed/);
    await refusedBy({ ...access, role: 'postgres' }, /no pg_hba\.conf entry/);
    const strange = await makeAuthority('Drover fleet');
    const pair = await issuePair(strange, { kind: 'client', commonName: access.role });
    await refusedBy({ ...access, tls: { ...tls, ...pair } }, /SSL alert|ECONNRESET/i);
    // and the agent does not talk to another server
    await refusedBy(
      { ...access, tls: { ...tls, authority: strange.certificate } },
      /self.signed|unable to verify|certificate signature failure/i,
    );
  },
);

test('an agent may write rows of its own, and take jobs; nothing else', { skip }, async () => {
  await using database: Database = await openDatabase(member.database, 'test');
  const denied = async (sql: string, values: unknown[] = []): Promise<void> => {
    await assert.rejects(
      database.query(sql, values),
      /permission denied|row-level security|must be superuser/,
      sql,
    );
  };
  await database.query("INSERT INTO drover.host (facts) VALUES ('{}')");
  const own = await database.query<{ host: string }>('SELECT host FROM drover.host');
  assert.deepEqual(own, [{ host: 'good' }], 'the database says whose row it is');
  const job = '00000000-0000-0000-0000-000000000000';
  for (const table of ['event', 'result']) {
    const seq = table === 'event' ? ['seq, ', '1, '] : ['', ''];
    await denied(
      `INSERT INTO drover.${table} (run, job, try, ${seq[0]}host, body) VALUES ('r', $1, 0, ${seq[1]}'first', '{}')`,
      [job],
    );
    await denied(`SELECT * FROM drover.${table}`);
  }
  await denied('SELECT * FROM drover.token');
  await denied("INSERT INTO drover.token VALUES ('a', now() + interval '1 day')");
  await denied("UPDATE drover.fleet SET state = 'down'");
  await denied("INSERT INTO drover.queue (name, run, need) VALUES ('q', 'r', '{}')");
  await denied('UPDATE drover.host SET draining = true');
  await denied(`INSERT INTO ${jobSchema}.job_common (name, data) VALUES ('q', '{}')`);
  await denied(`UPDATE ${jobSchema}.job_common SET data = '{}'`);
  await denied(`DELETE FROM ${jobSchema}.job_common`);
  await denied('CREATE ROLE friend LOGIN');
  await denied('CREATE TABLE drover.mine (a int)');
  await denied("SELECT pg_read_file('/etc/passwd')");
  await denied("COPY drover.fleet TO PROGRAM 'sh'");
  await assert.rejects(
    database.query("INSERT INTO drover.result (run, job, try, body) VALUES ('r', $1, 0, $2)", [
      job,
      'x'.repeat(5 * 1024 * 1024),
    ]),
    /violates check constraint/,
  );
});

test('nobody in the database is a superuser who can log in by the network', { skip }, async () => {
  const rows = await fleet.owner.query<{ rolsuper: boolean }>(
    'SELECT rolsuper FROM pg_roles WHERE rolname = current_user',
  );
  assert.deepEqual(rows, [{ rolsuper: false }]);
});
