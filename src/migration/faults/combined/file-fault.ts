/** Faults of a migration to a file: the source writes it, then the destination reads what is there. */
import { mkdirSync } from 'node:fs';
import { both } from '../../../model/both.js';
import { asString } from '../../../model/json.js';
import { endStatuses } from '../../../model/outcome.js';
import { shellQuote } from '../../../model/shell.js';
import type { QemuBinary } from '../../../qemu/binary.js';
import { QmpCommandError } from '../../../qmp/client.js';
import { setParameters } from '../../commands.js';
import type { TestContext, TestMachine } from '../../context.js';
import type { FlowResult } from '../../migration.js';
import { Pair, convergingRate, setUp } from '../../pair.js';
import { waitGuest } from '../../steps.js';
import { trickleRate, untilTracked } from '../../tracking.js';
import { endFault, manage, pairOf, requireRung, resolve, settled } from '../conclude.js';
import type { Judged } from '../conclude.js';
import { endMigration } from '../ladder.js';
import { waitNonZero } from '../../zero-memory.js';
import { lastStatus } from '../side-state.js';
import type { CombinedFault } from './combination.js';
import { untilSettled } from './settle.js';
import { strike } from './strike.js';

/** far less than the guest's memory */
const roomBytes = 8 * 2 ** 20;
/** a block of ulimit -f */
const blockBytes = 512;

export async function fileFault(
  context: TestContext,
  fault: CombinedFault,
  judged: Judged,
  killed: Set<TestMachine>,
): Promise<FlowResult> {
  context.observer.phase('launch');
  const firmware = context.writeGuest();
  const folder = context.file('disk');
  mkdirSync(folder);
  const memory = { kind: 'anon' } as const;
  const common = { memory, firmware, oob: true };
  const binary = confined(context.plan.source, fault, folder);
  const [source, destination] = await both(
    context.startMachine({ ...common, side: 'source', binary }),
    context.startMachine({ ...common, side: 'destination', incoming: 'defer', paused: true }),
  );
  const pair = new Pair(context, {}, source, destination);
  await setUp(pair, [source, destination]);

  context.observer.phase('warm-up');
  await waitGuest(pair);
  await waitNonZero(pair);
  await setParameters(source, trickleRate);

  context.observer.phase('migrate');
  const uri = `file:${folder}/migration`;
  const migration = await pair.migrate({ uri });
  await untilTracked(migration);
  const isAtSource = fault.direction === 'source';
  if (isAtSource) await strike(pair, fault, killed);
  if (source.process.status === undefined) {
    await source.qmp.execute('migrate-set-parameters', convergingRate);
  }
  await untilWritten(pair);

  context.observer.phase('verify');
  const before = await settled(pair, judged, 'before');
  const isKilled = killed.has(source);
  const { rung, ms: rungMs } = isKilled
    ? ({ rung: 'none', ms: 0 } as const)
    : await endMigration(source);
  requireRung(rung, judged);
  // the full disk is one that only the source sees
  if (fault.fault !== 'disk-full') {
    await startReading(destination, uri);
    if (!isAtSource) await strike(pair, fault, killed);
    await untilSettled(pair, true);
  }
  if (!isKilled) await manage(pair, judged);
  const after = await settled(pair, judged, 'after', rung);
  const hazards = isKilled ? [] : await resolve(pair, after);
  return await endFault(migration, after, {
    ...{ before: pairOf(before), rung, rungMs, after: pairOf(after), hazards },
  });
}

/**
 * A QEMU whose files do not fit. The file system of its own that it gets goes with its process. It
 * ignores the signal that a file beyond the limit raises, as servers do, and gets an error instead.
 */
function confined(
  qemu: QemuBinary<string>,
  { fault }: CombinedFault,
  folder: string,
): QemuBinary<string> {
  const under = (script: string): QemuBinary<string> => ({
    ...qemu,
    command: `/bin/sh -c ${shellQuote(`${script}; exec "$@"`)} ${shellQuote(folder)} ${qemu.command}`,
  });
  if (fault === 'file-size') {
    return under(`trap '' XFSZ; ulimit -f ${roomBytes / blockBytes} || exit`);
  }
  if (fault !== 'disk-full') return qemu;
  const { command } = under(`mount -t tmpfs -o size=${roomBytes} none "$0" || exit`);
  return { ...qemu, command: `unshare --mount ${command}` };
}

async function untilWritten(pair: Pair): Promise<void> {
  const { context, source } = pair;
  if (source.process.status !== undefined) return;
  const { signal, deadlines } = context;
  await source.qmp.events.wait(
    ({ name, data }) =>
      name === 'MIGRATION' && endStatuses.includes(asString(data['status']) ?? ''),
    { what: 'end of the migration to the file', timeoutMs: deadlines.statusMs, signal },
  );
}

/** QEMU may refuse at once what is no migration. */
async function startReading(destination: TestMachine, uri: string): Promise<void> {
  try {
    await destination.qmp.execute('migrate-incoming', { uri });
  } catch (error) {
    if (error instanceof QmpCommandError || lastStatus(destination) === 'failed') return;
    if (!(await destination.endedByItself())) throw error;
  }
}
