/**
 * A migration stream in a file, which Drover itself reads to its end: pages, devices,
 * configuration.
 */
import { existsSync } from 'node:fs';
import { pollUntil } from '../../../model/deadline.js';
import type { HarnessError } from '../../../model/errors.js';
import { contractError } from '../../../model/errors.js';
import { shellQuote } from '../../../model/shell.js';
import { deviceStates, readDescription } from '../../../memory/device-states.js';
import { openImage } from '../../../memory/image.js';
import type { MemoryImage } from '../../../memory/image.js';
import { setCapability } from '../../../migration/commands.js';
import type { TestContext } from '../../../migration/context.js';
import { startPair } from '../../../migration/pair.js';
import { waitGuest } from '../../../migration/steps.js';
import type { FlowResult } from '../../../migration/migration.js';
import { endBoth } from '../../../migration/verify.js';

const lookMs = 2;

/** The source writes its stream to a file through `exec:`; the destination gets no migration. */
export async function readBack(context: TestContext, uuid: string): Promise<FlowResult> {
  const pair = await startPair(context, {
    listen: 'tcp:127.0.0.1:0',
    sourceArgs: ['-uuid', uuid],
  });
  const { source } = pair;
  // each adds a part to the stream's configuration
  await setCapability(source, 'validate-uuid');
  await setCapability(source, 'x-ignore-shared');

  context.observer.phase('warm-up');
  await waitGuest(pair);
  await pair.ensureConverge();

  context.observer.phase('migrate');
  const file = context.file('migfile');
  const part = `${file}.part`;
  // QEMU reports `completed` when it has sent all; the file has its name only when the command has
  // written all.
  const migration = await pair.migrate({
    uri: `exec:cat > ${shellQuote(part)} && mv ${shellQuote(part)} ${shellQuote(file)}`,
  });
  await migration.until('completed');
  await fileNamed(context, file);

  context.observer.phase('verify');
  using image = await openImage([file], {}, { signal: context.signal });
  await requireWhole(image, uuid);
  await endBoth(pair);
  return { figures: migration.figures };
}

async function fileNamed({ deadlines, signal }: TestContext, file: string): Promise<void> {
  await pollUntil(
    {
      waitedFor: 'end of the command that writes the migration file',
      side: 'source',
      ...{ timeoutMs: deadlines.eventMs, everyMs: lookMs, signal },
    },
    () => {
      if (existsSync(file)) return undefined;
      return existsSync(`${file}.part`) ? 'it still writes' : 'no file';
    },
  );
}

async function requireWhole(image: MemoryImage, uuid: string): Promise<void> {
  const { report } = image;
  if (report === null) throw broken('it is no migration stream', []);
  const problems: string[] = [];
  if (report.completeness !== 'complete') problems.push(report.completenessReason);
  if (report.uuid !== uuid.replaceAll('-', '')) problems.push(`its UUID is '${report.uuid}'`);
  if (report.warningsTotal > 0) problems.push(...report.warnings.map(({ text }) => text));
  const description = await readDescription(image);
  if ('problem' in description) problems.push(description.problem);
  let devices = 0;
  for await (const { section, whole, remarks } of deviceStates(image, description)) {
    devices++;
    if (!whole) problems.push(`device ${section.name}: ${remarks.join('; ')}`);
  }
  if (devices === 0) problems.push('it holds no device');
  if (problems.length > 0) throw broken('it cannot be read to the end', problems);
}

function broken(what: string, details: readonly string[]): HarnessError {
  return contractError(
    'stream-unreadable',
    `the migration stream is not what the format says: ${what}`,
    { side: 'source', details },
  );
}
