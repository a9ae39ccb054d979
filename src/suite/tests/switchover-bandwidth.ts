/**
 * QEMU decides whether it can switch over from avail-switchover-bandwidth, not from the measured
 * bandwidth: a live migration that bandwidth and downtime limit keep from converging completes as
 * soon as this parameter is large.
 */
import { setParameters } from '../../migration/commands.js';
import type { TestContext } from '../../migration/context.js';
import { noEffect } from '../../migration/effects.js';
import { startPair } from '../../migration/pair.js';
import { proveLive } from '../../migration/flows/precopy.js';
import { waitDirtyTracking } from '../../migration/tracking.js';
import { prepareLive, waitGuest } from '../../migration/steps.js';
import type { FlowResult } from '../../migration/migration.js';
import { unixSocket } from './unix-socket.js';

/** bytes per second: in the 1 ms of allowed downtime, ten times the guest's memory */
const fast = 1_500_000_000_000;

export async function switchoverBandwidth(context: TestContext): Promise<FlowResult> {
  const pair = await startPair(context, { ...unixSocket, iterations: 1 });
  context.observer.phase('warm-up');
  await waitGuest(pair);
  await prepareLive(pair);

  context.observer.phase('migrate');
  const migration = await pair.migrate();
  await proveLive(migration);
  await waitDirtyTracking(pair);
  await setParameters(pair.source, { 'avail-switchover-bandwidth': fast });
  await migration.untilSoon('completed', ({ waitedFor, lastSeen = 'no status' }) =>
    noEffect('parameter avail-switchover-bandwidth', waitedFor, lastSeen),
  );
  await migration.untilEvent('STOP');
  return await migration.arrive();
}
