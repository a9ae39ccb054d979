/**
 * A host joins a fleet: it takes the authority whose digest the join line pins, makes a key of its own,
 * and gets a certificate for it. The token goes to nobody but the holder of that authority.
 */
import { X509Certificate } from 'node:crypto';
import { certificateDigest, makeRequest } from '../../credentials/private-authority.js';
import { HarnessError, toFailure, usageError } from '../../model/errors.js';
import type { DatabaseAccess } from '../database/connect.js';
import type { JoinLine } from '../join-line.js';
import { protocolVersion, serverName } from '../limits.js';
import { readMessage } from '../messages.js';
import type { EnrolRequest, Welcome } from '../messages.js';
import { CoordinatorClient, refusalOf } from './https-client.js';
import type { Answer, CoordinatorPlace } from './https-client.js';

const answerMs = 15_000;

export interface Membership {
  readonly name: string;
  readonly coordinator: CoordinatorPlace;
  /** PEM texts */
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
  readonly database: DatabaseAccess;
}

export interface JoinRequest {
  readonly line: JoinLine;
  readonly name: string;
  /** release of this agent */
  readonly drover: string;
}

/** @throws HarnessError `no-coordinator`, `wrong-authority`, `fleet-refused` */
export async function joinFleet({ line, name, drover }: JoinRequest): Promise<Membership> {
  const authority = await authorityOf(line);
  const { key, request } = await makeRequest();
  using client = new CoordinatorClient(line, { authority });
  const message: EnrolRequest = {
    ...{ version: protocolVersion, drover, name, token: line.token, request },
  };
  const answer = await reach(line, async () =>
    client.ask({
      method: 'POST',
      path: '/enrol',
      body: JSON.stringify(message),
      timeoutMs: answerMs,
    }),
  );
  if (answer.status !== 200) {
    throw usageError('fleet-refused', `the coordinator refused this agent: ${refusalOf(answer)}`);
  }
  const { certificate, database } = readMessage('answer to a request to join', answer.text);
  return {
    ...{ name, authority, certificate, key },
    coordinator: { host: line.host, port: line.port },
    database: accessOf(database, line.host, { authority, certificate, key }),
  };
}

function accessOf(
  { port, name, role, elsewhere }: Welcome['database'],
  coordinator: string,
  own: { readonly authority: string; readonly certificate: string; readonly key: string },
): DatabaseAccess {
  return elsewhere === undefined
    ? { host: coordinator, port, database: name, role, tls: { ...own, serverName } }
    : { ...elsewhere, port, database: name, role };
}

/** Who answers is not known yet; what it answers has the digest of the line, or is refused. */
async function authorityOf(line: JoinLine): Promise<string> {
  using client = new CoordinatorClient(line, {});
  const { status, text } = await reach(line, async () =>
    client.ask({ method: 'GET', path: '/authority', timeoutMs: answerMs }),
  );
  let found: string | undefined;
  let authority = '';
  try {
    // one certificate and nothing behind it, which would be trusted too
    authority = status === 200 ? new X509Certificate(text).toString() : '';
    found = certificateDigest(authority);
  } catch {
    // no certificate
  }
  if (found === line.authority) return authority;
  throw usageError(
    'wrong-authority',
    `${line.host}:${line.port} is not the coordinator of this join line: ${found === undefined ? 'it shows no certificate authority' : `its authority has the SHA-256 ${found}, and the line names ${line.authority}`}`,
  );
}

async function reach(
  { host, port }: CoordinatorPlace,
  ask: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return await ask();
  } catch (cause) {
    throw new HarnessError({
      code: 'no-coordinator',
      blame: 'host',
      message: `cannot reach the coordinator at ${host}:${port}: ${toFailure(cause).message}`,
      cause,
    });
  }
}
