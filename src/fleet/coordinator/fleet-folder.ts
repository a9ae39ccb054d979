/**
 * The folder of a fleet on the coordinator's host: keys, the database, evidence, and `fleet.json`, by
 * which other commands find them. Private to its user.
 */
import { X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync, chmodSync } from 'node:fs';
import path from 'node:path';
import * as v from 'valibot';
import { makeAuthority } from '../../credentials/private-authority.js';
import type { KeyPair } from '../../credentials/private-authority.js';
import { fileProblem, usageError } from '../../model/errors.js';
import { processStat } from '../../qemu/proc-stat.js';
import { accessShape } from '../database/connect.js';
import type { DatabaseAccess } from '../database/connect.js';

const fileName = 'fleet.json';
const leastValidMs = 30 * 24 * 3_600_000;

const shape = v.strictObject({
  version: v.literal(1),
  drover: v.string(),
  /** of the coordinator */
  pid: v.number(),
  /** when it started: with the id it names one process for ever */
  startTime: v.string(),
  host: v.string(),
  port: v.number(),
  /** SHA-256 of the authority, which join lines pin */
  authority: v.string(),
  access: accessShape,
});
export type FleetFile = v.InferOutput<typeof shape> & { readonly access: DatabaseAccess };

export const evidenceFolder = (folder: string): string => path.join(folder, 'evidence');

/** @param forServer the server runs as another user, who passes through it */
export function makeFleetFolder(folder: string, forServer: boolean): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(folder, forServer ? 0o711 : 0o700);
  } catch (cause) {
    throw usageError('fleet-folder', `cannot make ${folder}: ${fileProblem(cause)}`, { cause });
  }
}

export function writeFleetFile(folder: string, file: Omit<FleetFile, 'version'>): void {
  const text = `${JSON.stringify({ version: 1, ...file }, null, 2)}\n`;
  writeFileSync(path.join(folder, fileName), text, { mode: 0o600 });
}

export function removeFleetFile(folder: string): void {
  rmSync(path.join(folder, fileName), { force: true });
}

/** @throws HarnessError `no-fleet` if there is none, or its coordinator has ended */
export function readFleetFile(folder: string): FleetFile {
  const file = path.join(folder, fileName);
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw usageError(
      'no-fleet',
      `no fleet in ${folder}: ${cause instanceof SyntaxError ? `${fileName} is not JSON` : fileProblem(cause)}; start one with 'drover fleet up ${folder}'`,
      { cause },
    );
  }
  const parsed = v.safeParse(shape, value);
  if (!parsed.success) {
    throw usageError('no-fleet', `${file} is not that of a fleet: ${parsed.issues[0].message}`);
  }
  if (!isRunning(parsed.output)) {
    throw usageError(
      'no-fleet',
      `the coordinator of ${folder} has ended (process ${parsed.output.pid}); start it again with 'drover fleet up ${folder}'`,
    );
  }
  return parsed.output;
}

export const isRunning = ({ pid, startTime }: Pick<FleetFile, 'pid' | 'startTime'>): boolean =>
  processStat(pid)?.startTime === startTime;

/** Whether another coordinator uses the folder. */
export function isTaken(folder: string): boolean {
  try {
    readFleetFile(folder);
    return true;
  } catch {
    return false;
  }
}

/**
 * The authority of the folder: kept, so that agents may come back after the coordinator did, unless it ends
 * soon; then all join again.
 */
export async function authorityOf(folder: string): Promise<KeyPair> {
  const keys = path.join(folder, 'keys');
  const [certificateFile, keyFile] = ['authority.pem', 'authority-key.pem'].map((name) =>
    path.join(keys, name),
  ) as [string, string];
  try {
    const certificate = readFileSync(certificateFile, 'utf8');
    const { validTo } = new X509Certificate(certificate);
    if (Date.parse(validTo) < Date.now() + leastValidMs) throw new Error('it ends soon');
    return { certificate, key: readFileSync(keyFile, 'utf8') };
  } catch {
    const made = await makeAuthority('Drover fleet');
    mkdirSync(keys, { recursive: true, mode: 0o700 });
    writeFileSync(certificateFile, made.certificate, { mode: 0o600 });
    writeFileSync(keyFile, made.key, { mode: 0o600 });
    return made;
  }
}
