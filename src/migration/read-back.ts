/** A migration written by a command, then read to its end by Drover itself: pages, devices, configuration. */
import { existsSync } from 'node:fs';
import { HarnessError } from '../model/errors.js';
import { shellQuote } from '../model/shell.js';
import { deviceStates, readDescription } from '../memory/device-states.js';
import { openImage } from '../memory/image.js';
import type { MemoryImage } from '../memory/image.js';
import { figuresOf, migrate, setCapability } from './commands.js';
import type { TestContext } from './context.js';
import { startPair } from './pair.js';
import { endBoth, waitGuest } from './steps.js';
import type { FlowResult } from './steps.js';
import { waitStatus } from './waits.js';

/** The source writes its stream to a file through `exec:`; the destination only waits, and must not mind. */
export async function readBack(context: TestContext, uuid: string): Promise<FlowResult> {
  const pair = await startPair(context, {
    listen: 'tcp:127.0.0.1:0',
    sourceArgs: ['-uuid', uuid],
  });
  const { source } = pair;
  // both add a part of their own to the stream's configuration
  await setCapability(source, 'validate-uuid');
  await setCapability(source, 'x-ignore-shared');

  context.observer.phase('warm-up');
  await waitGuest(pair);
  await pair.release();

  context.observer.phase('migrate');
  const file = context.file('migfile');
  const since = await migrate(source, { uri: `exec:cat > ${shellQuote(file)}` });
  const answer = await waitStatus(context, source, { goal: 'completed', since });

  context.observer.phase('verify');
  if (!existsSync(file)) throw broken('QEMU wrote no file', []);
  using image = await openImage([file], {}, { signal: context.signal });
  await requireWhole(image, uuid);
  await endBoth(pair);
  return { figures: figuresOf(answer) };
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
  return new HarnessError({
    code: 'stream-unreadable',
    blame: 'contract',
    message: `the migration stream is not what the format says: ${what}`,
    side: 'source',
    details,
  });
}
