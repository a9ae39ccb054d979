/**
 * What a host needs to join a fleet, on one line: the coordinator's address, the SHA-256 of the fleet's
 * authority, and a token that works once. Pure.
 */
import { usageError } from '../model/errors.js';

export interface JoinLine {
  readonly host: string;
  readonly port: number;
  /** of the authority's certificate, lower-case hex */
  readonly authority: string;
  readonly token: string;
}

const form = 'drover://HOST:PORT/TOKEN#sha256:DIGEST';

export function joinText({ host, port, authority, token }: JoinLine): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return `drover://${name}:${port}/${token}#sha256:${authority}`;
}

/** @throws HarnessError `join-line` */
export function parseJoinLine(text: string): JoinLine {
  const match =
    /^drover:\/\/(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})\/([A-Za-z0-9_-]{20,100})#sha256:([0-9a-f]{64})$/.exec(
      text.trim(),
    );
  const [, v6, name, port = '', token = '', authority = ''] = match ?? [];
  const host = v6 ?? name;
  const number = Number(port);
  if (host === undefined || number < 1 || number > 65_535) {
    // not the line itself, which holds a secret
    throw usageError(
      'join-line',
      `--join: expected a line such as ${form}, as 'drover fleet up' prints it; got ${text.length} characters of another form`,
    );
  }
  return { host, port: number, authority, token };
}
