/** What becomes of the evidence of an attempt: it goes to the coordinator, and what does not fit stays here. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { createEvidenceDirectory, moveDirectory } from '../../qemu/work-directory.js';
import type { EvidenceFile, Job } from '../messages.js';
import type { CoordinatorClient } from './https-client.js';
import { uploadEvidence, uploadFile } from './upload.js';

/** among the evidence, where some of it is on the agent's host */
const leftName = 'left-on-host.txt';

export interface Keeper {
  readonly client: CoordinatorClient;
  /** of this agent */
  readonly host: string;
  readonly temporaryDirectory: string;
}

export async function keepEvidence(
  { client, host, temporaryDirectory }: Keeper,
  folder: string,
  job: Job,
): Promise<readonly EvidenceFile[]> {
  const { files, left } = await uploadEvidence(client, folder);
  if (left.length === 0) return files;
  const name = `${job.test.slice(1).replaceAll('/', '-')}-${job.attempt}`;
  const place = path.join(createEvidenceDirectory(temporaryDirectory), name);
  const text = [
    `Some of the evidence stays on host ${host}:`,
    ...left.map(({ path: file, why }) => `  ${file}: ${why}`),
    `fetch: scp -r ${host}:${place} .`,
    '',
  ].join('\n');
  writeFileSync(path.join(folder, leftName), text, { mode: 0o600 });
  const note = await uploadFile(client, folder, leftName, Buffer.byteLength(text));
  await moveDirectory(folder, place);
  return [...files, note];
}
