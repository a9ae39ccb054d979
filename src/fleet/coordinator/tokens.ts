/** Tokens that let one host each join a fleet. The database keeps a hash of each, and when it ends. */
import { createHash, randomBytes } from 'node:crypto';
import type { Database } from '../database/connect.js';
import { tokenHours } from '../limits.js';

const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');

export async function makeToken(database: Database, hours = tokenHours): Promise<string> {
  const token = randomBytes(24).toString('base64url');
  await database.query(
    "INSERT INTO drover.token (hash, expires) VALUES ($1, now() + $2 * interval '1 hour')",
    [hashOf(token), hours],
  );
  return token;
}

export type TokenAnswer = 'good' | 'unknown' | 'used' | 'expired';

/** Uses it up; of two that come at the same time, one is good. */
export async function takeToken(database: Database, token: string): Promise<TokenAnswer> {
  const hash = hashOf(token);
  const taken = await database.query(
    'UPDATE drover.token SET used = now() WHERE hash = $1 AND used IS NULL AND expires > now() RETURNING 1',
    [hash],
  );
  if (taken.length > 0) return 'good';
  const answer = await lookAtToken(database, token);
  // the other of two that came at the same time
  return answer === 'good' ? 'used' : answer;
}

/** What it would be, without using it up. */
export async function lookAtToken(database: Database, token: string): Promise<TokenAnswer> {
  const [row] = await database.query<{ used: boolean; expired: boolean }>(
    'SELECT used IS NOT NULL AS used, expires <= now() AS expired FROM drover.token WHERE hash = $1',
    [hashOf(token)],
  );
  if (row === undefined) return 'unknown';
  return row.used ? 'used' : row.expired ? 'expired' : 'good';
}
