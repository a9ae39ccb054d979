/**
 * That a migration may converge is reckoned with the bandwidth that the last stretch is said to have, and not with what
 * went before: held back by bandwidth and downtime, a live migration ends as soon as it is told of a fast last stretch.
 */
import { figuresOf, migrate, setParameters } from '../../migration/commands.js';
import type { TestContext } from '../../migration/context.js';
import { startPair } from '../../migration/pair.js';
import { proveLive } from '../../migration/flows/precopy.js';
import { waitTracked } from '../../migration/tracking.js';
import { arrive, prepareLive, waitGuest } from '../../migration/steps.js';
import type { FlowResult } from '../../migration/steps.js';
import { waitEvent, waitStatus } from '../../migration/waits.js';

/** bytes per second: in the 1 ms of allowed downtime, ten times the guest's memory */
const fast = 1_500_000_000_000;

export async function switchoverBandwidth(context: TestContext): Promise<FlowResult> {
  const socket = 'unix:$DIR/migsocket';
  const pair = await startPair(context, { listen: socket, connect: socket, passes: 1 });
  const { source, destination } = pair;
  context.observer.phase('warm-up');
  await waitGuest(pair);
  await prepareLive(pair);

  context.observer.phase('migrate');
  const destinationSince = destination.qmp.events.cursor;
  const since = await migrate(source, await pair.target());
  await proveLive(pair, since);
  await waitTracked(pair);
  await setParameters(source, { 'avail-switchover-bandwidth': fast });
  const answer = await waitStatus(context, source, { goal: 'completed', since });
  await waitEvent(context, source, 'STOP', since);
  return await arrive(pair, destinationSince, figuresOf(answer));
}
