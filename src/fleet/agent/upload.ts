/**
 * Brings the evidence of an attempt to the coordinator: small files first, up to the limit of an attempt;
 * what is left over stays on this host, and a note among the evidence says where.
 */
import { createHash } from 'node:crypto';
import { createReadStream, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { HarnessError } from '../../model/errors.js';
import { formatBytes } from '../../model/text/sizes.js';
import { evidenceBytes } from '../limits.js';
import type { EvidenceFile } from '../messages.js';
import { pathProblem } from '../safe-path.js';
import { refusalOf } from './https-client.js';
import type { CoordinatorClient } from './https-client.js';

const uploadMs = 120_000;
const askMs = 15_000;

export interface Uploaded {
  readonly files: readonly EvidenceFile[];
  /** stay on this host: path below the folder, and why */
  readonly left: readonly { readonly path: string; readonly why: string }[];
}

interface Found {
  readonly path: string;
  readonly bytes: number;
}

/** Which files go: the small ones first, as many as the limit allows. Pure. */
export function withinLimit(
  found: readonly Found[],
  mostBytes = evidenceBytes,
): { readonly go: readonly Found[]; readonly stay: readonly Found[] } {
  const bySize = found.toSorted((a, b) => a.bytes - b.bytes || (a.path < b.path ? -1 : 1));
  let total = 0;
  const count = bySize.findIndex(({ bytes }) => (total += bytes) > mostBytes);
  return count < 0
    ? { go: bySize, stay: [] }
    : { go: bySize.slice(0, count), stay: bySize.slice(count) };
}

/** @throws HarnessError `evidence-refused`, or what the connection says */
export async function uploadEvidence(client: CoordinatorClient, folder: string): Promise<Uploaded> {
  const { go, stay } = withinLimit(regularFiles(folder));
  const files: EvidenceFile[] = [];
  const left = stay.map(({ path: name, bytes }) => ({
    path: name,
    why: `${formatBytes(bytes)}, beyond the ${formatBytes(evidenceBytes)} of an attempt`,
  }));
  for (const { path: name, bytes } of go) {
    const problem = pathProblem(name);
    if (problem === undefined) files.push(await uploadFile(client, folder, name, bytes));
    else left.push({ path: JSON.stringify(name), why: problem });
  }
  return { files, left };
}

export async function uploadFile(
  client: CoordinatorClient,
  folder: string,
  name: string,
  bytes: number,
): Promise<EvidenceFile> {
  const file = path.join(folder, name);
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  const sha256 = hash.digest('hex');
  const place = `/evidence/${sha256}`;
  const known = await client.ask({ method: 'HEAD', path: place, timeoutMs: askMs });
  if (known.status !== 200) {
    const body = createReadStream(file);
    const answer = await client.ask({
      ...{ method: 'PUT', path: place, body, bytes, timeoutMs: uploadMs },
    });
    if (answer.status !== 204) {
      throw new HarnessError({
        code: 'evidence-refused',
        blame: 'host',
        message: `the coordinator did not take ${name}: ${refusalOf(answer)}`,
      });
    }
  }
  return { path: name, sha256, bytes };
}

/** No links, sockets or devices: what they name is no evidence. */
function regularFiles(folder: string): Found[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const file = path.join(entry.parentPath, entry.name);
      return { path: path.relative(folder, file), bytes: statSync(file).size };
    });
}
