/** A fleet on a PostgreSQL that it did not start: roles with passwords, TLS that is checked. */
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { issuePair, makeAuthority } from '../../credentials/private-authority.js';
import { pollUntil } from '../../model/deadline.js';
import { Scratch } from '../../model/scratch.fixtures.js';
import { joinFleet } from '../agent/join.js';
import { openDatabase } from '../database/connect.js';
import { readDatabaseUrl } from '../database/database-url.js';
import { findPostgres } from '../database/find-postgres.js';
import { PrivateServer } from '../database/private-server.js';
import { databaseName, ownerRole } from '../database/server-configuration.js';
import { parseJoinLine } from '../join-line.js';
import { Coordinator } from './coordinator.js';
import { postgresObstacle, release } from './coordinator.fixtures.js';

const skip = postgresObstacle();
const password = 'a:secret/with?signs';
const env = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' };

test('a fleet on a database that runs already', { skip }, async () => {
  using scratch = new Scratch();
  chmodSync(scratch.directory, 0o711);
  const authority = await makeAuthority('The database');
  const root = path.join(scratch.directory, 'root.pem');
  writeFileSync(root, authority.certificate);
  const directory = path.join(scratch.directory, 'elsewhere');
  await using server = await PrivateServer.start({
    ...{ directory, env, listen: '127.0.0.1', authority: authority.certificate },
    server: await issuePair(authority, { kind: 'server', dnsName: 'localhost' }),
    programs: findPostgres(env.PATH),
  });
  const owner = await issuePair(authority, { kind: 'client', commonName: ownerRole });
  {
    const place = { host: 'localhost', port: server.port, database: databaseName, role: ownerRole };
    const tls = { authority: authority.certificate, ...owner };
    await using database = await openDatabase({ ...place, tls }, 'test');
    await database.query(`ALTER ROLE ${ownerRole} PASSWORD '${password}'`);
  }
  // from now on it knows roles by passwords only
  const data = path.join(directory, 'data');
  writeFileSync(path.join(data, 'pg_hba.conf'), 'hostssl all all all scram-sha-256\n');
  const [pid] = readFileSync(path.join(data, 'postmaster.pid'), 'utf8').split('\n');
  process.kill(Number(pid), 'SIGHUP');

  const query = `sslmode=verify-full&sslrootcert=${root}`;
  const url = (host: string): string =>
    `postgresql://${ownerRole}@${host}:${server.port}/${databaseName}?${query}`;
  const start = async (where: string): Promise<Coordinator> =>
    await Coordinator.start({
      folder: path.join(scratch.directory, 'fleet'),
      ...{ listen: '127.0.0.1', host: '127.0.0.1', port: 0, drover: release },
      ...{ searchPath: '/nowhere', env, signal: new AbortController().signal },
      access: readDatabaseUrl(where, password),
      note: () => undefined,
    });
  // its certificate is for the name, and not for the address
  await assert.rejects(start(url('127.0.0.1')), /cannot use the fleet's database at 127\.0\.0\.1/);
  let coordinator: Coordinator | undefined;
  await pollUntil(
    { waitedFor: 'new rules', timeoutMs: 10_000, everyMs: 100, blame: 'host' },
    async () => {
      coordinator = await start(url('localhost')).catch(() => undefined);
      return coordinator === undefined ? 'refused' : undefined;
    },
  );
  assert.ok(coordinator !== undefined);
  await using fleet = coordinator;
  const member = await joinFleet({
    line: parseJoinLine(await fleet.joinLine()),
    ...{ name: 'a', drover: release },
  });
  assert.equal(member.database.host, 'localhost');
  assert.equal(member.database.tls?.authority, authority.certificate);
  {
    await using database = await openDatabase(member.database, 'test');
    await database.query("INSERT INTO drover.host (facts) VALUES ('{}')");
    const rows = await database.query('SELECT host FROM drover.host');
    assert.deepEqual(rows, [{ host: 'a' }]);
  }
  const wrong = { ...member.database, password: 'x'.repeat(32) };
  await using database = await openDatabase(wrong, 'test');
  await assert.rejects(database.query('SELECT 1'), /password authentication failed/);
});
