/** A host joins: its token is used up, and its key gets a certificate that is its role in the database. */
import { randomBytes } from 'node:crypto';
import { usageError } from '../../model/errors.js';
import { signRequest } from '../../credentials/private-authority.js';
import type { KeyPair } from '../../credentials/private-authority.js';
import type { Database, DatabaseAccess } from '../database/connect.js';
import { makeAgentRole, roleOf } from '../database/tables.js';
import { disconnectedMs } from '../limits.js';
import { parseMessage } from '../messages.js';
import type { Welcome } from '../messages.js';
import { lookAtToken, takeToken } from './tokens.js';
import type { TokenAnswer } from './tokens.js';

export interface EnrolDesk {
  readonly database: Database;
  readonly authority: KeyPair;
  /** of this coordinator: tests are the same only in the same release */
  readonly drover: string;
  readonly access: DatabaseAccess;
  /** the fleet's own server knows agents by their certificates; another one by a password */
  readonly isOwnServer: boolean;
}

const refusals: Readonly<Record<Exclude<TokenAnswer, 'good'>, string>> = {
  unknown: 'the token is not one of this fleet',
  used: "the token was used already: each works once; 'drover fleet token' makes another",
  expired: "the token has expired; 'drover fleet token' makes another",
};

/** @throws HarnessError `fleet-message`, `fleet-refused`, `bad-certificate-request` */
export async function enrol(desk: EnrolDesk, message: unknown): Promise<Welcome> {
  const { database, drover } = desk;
  const { name, token, request, ...asked } = parseMessage('request to join', message);
  if (asked.drover !== drover) {
    throw refused(
      `the agent is Drover ${asked.drover} and the coordinator ${drover}: install the same release on all hosts`,
    );
  }
  const before = await lookAtToken(database, token);
  if (before !== 'good') throw refused(refusals[before]);
  if (await isConnected(database, name)) {
    throw refused(
      `an agent named '${name}' is connected: give this one another name with --name, or end that one first`,
    );
  }
  // signing checks the request: a wrong one does not use up the token
  const certificate = await signRequest(desk.authority, request, roleOf(name));
  const answer = await takeToken(database, token);
  if (answer !== 'good') throw refused(refusals[answer]);
  await database.query('DELETE FROM drover.host WHERE host = $1', [name]);
  const password = desk.isOwnServer ? undefined : randomBytes(24).toString('base64url');
  const role = await makeAgentRole(database, name, password);
  const { host, port, database: databaseName, tls } = desk.access;
  const elsewhere =
    password === undefined
      ? undefined
      : { host, password, tls: tls && { authority: tls.authority } };
  return { certificate, database: { port, name: databaseName, role, elsewhere } };
}

const refused = (why: string): Error => usageError('fleet-refused', why);

async function isConnected(database: Database, name: string): Promise<boolean> {
  const rows = await database.query(
    "SELECT 1 FROM drover.host h WHERE host = $1 AND seen_at > now() - $2 * interval '1 ms' AND EXISTS (SELECT 1 FROM pg_stat_activity WHERE usename = $3)",
    [name, 3 * disconnectedMs, roleOf(name)],
  );
  return rows.length > 0;
}
