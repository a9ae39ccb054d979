/**
 * Postcopy whose connection breaks: both sides pause and continue over a new connection. Optionally
 * the first new connection breaks too, at a given stage.
 */
import { pause } from '../../model/deadline.js';
import { contractError } from '../../model/errors.js';
import { asObject } from '../../model/json.js';
import { formatCount } from '../../model/text/format.js';
import { formatBytes } from '../../model/text/sizes.js';
import { setParameters } from '../commands.js';
import { SocketPair } from '../descriptors.js';
import type { Migration, Sides } from '../migration.js';
import { waitStatus } from '../waits.js';

/**
 * `once`: one break. Otherwise the first attempt to recover breaks as well: `reconnect` while QEMU
 * sets the new channel up, `handshake` while the two sides agree on the missing pages.
 */
export const recoveries = ['once', 'reconnect', 'handshake'] as const;
export type Recovery = (typeof recoveries)[number];

const recovering = [
  'postcopy-active',
  'postcopy-recover-setup',
  'postcopy-recover',
  'postcopy-paused',
] as const;

/**
 * first byte of a stream's section of type command: with it the destination starts to recover, and
 * waits for the rest
 */
const commandSection = 8;
const fdName = 'fd-mig';

/** time at the rate `trickle`, in which a QEMU without a limit sends all that is left */
const trickleMs = 100;
/** far more than goes at that rate, far less than a QEMU without a limit sends */
const mostUnaskedBytes = 4 * 1024 ** 2;
/** before each page: its offset, and the name of its block */
const pageHeaderBytes = 64;

export async function recover(migration: Migration, recovery: Recovery): Promise<void> {
  const { pair } = migration;
  const { context, settings, source, destination } = pair;
  await migration.until('postcopy-active');
  // What waits in the channels of multifd goes out at once.
  if (settings.capabilities?.includes('multifd') !== true) {
    await pause(trickleMs, context.signal);
    await requireTrickle(pair);
  }
  await breakConnection(pair);
  if (recovery !== 'once') await failToRecover(migration, recovery);

  const uri = `unix:${context.file('migsocket-recover')}`;
  await destination.qmp.execute('migrate-recover', { uri }, { oob: true });
  await migration.resume({ uri });
  await setParameters(source, { 'max-postcopy-bandwidth': 0 });
}

/** QEMU measures its rate in tenths of a second; pages that the guest waits for do not count. */
async function requireTrickle({ source }: Sides): Promise<void> {
  const { ram } = await source.qmp.execute('query-migrate');
  const {
    'postcopy-bytes': sent,
    'postcopy-requests': requests,
    'page-size': pageBytes,
  } = asObject(ram);
  const unasked = Number(sent) - Number(requests) * (Number(pageBytes) + pageHeaderBytes);
  // not a number where QEMU does not count them
  if (!(unasked > mostUnaskedBytes)) return;
  throw contractError(
    'bandwidth-exceeded',
    `QEMU sent ${formatBytes(unasked)} beside the ${formatCount(Number(requests))} pages that the guest waited for, more than max-postcopy-bandwidth allows`,
    {
      side: source.side,
      waitedFor: `at most ${formatBytes(mostUnaskedBytes)}`,
      lastSeen: JSON.stringify(ram),
    },
  );
}

/** The source breaks the connection, unless the test has a way of its own; both must pause. */
async function breakConnection({ source, destination, cutConnection }: Sides): Promise<void> {
  const cursors = { source: source.qmp.events.cursor, destination: destination.qmp.events.cursor };
  if (cutConnection === undefined) await source.qmp.execute('migrate-pause');
  else await cutConnection();
  for (const machine of [destination, source]) {
    await waitStatus(machine, {
      goal: 'postcopy-paused',
      through: recovering,
      since: cursors[machine.side],
    });
  }
}

/** The first attempt at a new connection, which fails. */
async function failToRecover(
  migration: Migration,
  stage: 'reconnect' | 'handshake',
): Promise<void> {
  const { source, destination } = migration.pair;
  using forSource = new SocketPair();
  using forDestination = new SocketPair();
  await forSource.lend(source, fdName, 0);
  await forDestination.lend(destination, fdName, 0);
  // makes the destination's channel readable: it starts to recover, and waits for more
  forDestination.write(1, Buffer.of(commandSection));
  if (stage === 'reconnect') forSource.close(1);

  const through = recovering;
  const since = destination.qmp.events.cursor;
  await destination.qmp.execute('migrate-recover', { uri: `fd:${fdName}` }, { oob: true });
  await migration.resume({ uri: `fd:${fdName}` });
  await migration.until('postcopy-recover-setup', { through });
  if (stage === 'handshake') {
    await migration.until('postcopy-recover', { through });
    await source.qmp.execute('migrate-pause');
  }
  await migration.until('postcopy-paused', { through });
  await waitStatus(destination, { goal: 'postcopy-recover', through, since });
  const paused = destination.qmp.events.cursor;
  await destination.qmp.execute('migrate-pause', {}, { oob: true });
  await waitStatus(destination, { goal: 'postcopy-paused', through, since: paused });
}
