/**
 * A live migration whose content is decided by all of its iterations. The usual guest rewrites all
 * of its memory in milliseconds, so QEMU sends nearly every page again in the last iteration, and
 * what earlier ones lost is never seen. This guest keeps a pace: it writes each page once a second.
 * For three iterations the bandwidth is little more than that, then four times as much, so that
 * each iteration is shorter than the one before, and when the migration converges few pages are
 * dirty. All other pages are what an earlier iteration made of them: a dirty mark, a delta or a
 * page that it lost shows.
 *
 * The destination does not run before it was compared with the source: the guest would write over
 * the traces.
 */
import { contractError } from '../../model/errors.js';
import { asObject } from '../../model/json.js';
import type { StampKind } from '../../model/stamps.js';
import { formatBytes } from '../../model/text/sizes.js';
import type { QmpEvent } from '../../qmp/events.js';
import type { GuestShape } from '../../guest/shape.js';
import { setCapability, setParameters } from '../commands.js';
import type { TestMachine } from '../context.js';
import type { Migration, Sides } from '../migration.js';
import type { Pair } from '../pair.js';
import { channelsOf } from '../pair-settings.js';
import type { PairSettings } from '../pair-settings.js';
import { waitIterations, whileAlive } from '../waits.js';
import { converge } from '../stress/converge.js';
import { soon } from '../deadlines.js';

/** of 4 KiB; the guest writes each once a second */
const pages = 4096;

export function steadyGuest(stamp: StampKind): GuestShape {
  return { pages, stamp, pacePagesPerSecond: pages, heartbeat: true };
}

/**
 * Between the last synchronisation of the dirty bitmap before the stop and the one after it lies a
 * tenth of a millisecond. This guest writes some pages even then.
 */
export const fastGuest: GuestShape = {
  pages: 4 * pages,
  stamp: 'page',
  pacePagesPerSecond: 8 * pages,
  heartbeat: true,
};

/** bytes per second */
const dirtyRateOf = ({ context }: Pick<Pair, 'context'>): number =>
  (context.platform.pacePagesPerSecond ?? pages) * 4096;

/** bytes per second, milliseconds */
interface Limits extends Readonly<Record<string, number>> {
  readonly 'max-bandwidth': number;
  readonly 'downtime-limit': number;
}

/** Most of the pages are dirty again after an iteration: it does not converge. */
const held = (pair: Pick<Pair, 'context'>): Limits => ({
  'max-bandwidth': 1.25 * dirtyRateOf(pair),
  'downtime-limit': 1,
});

/** Each iteration leaves a quarter of what the one before left, down to what is sent in 2 ms. */
const released = (pair: Pick<Pair, 'context'>): Limits => ({
  'max-bandwidth': 4 * dirtyRateOf(pair),
  'downtime-limit': 2,
});
/** the number that end before the migration may converge */
const leastIterations = 3;
/**
 * How often Drover changes pages while QEMU iterates fast. The first change puts them into the
 * cache of xbzrle, the second is sent as a difference, the third as the difference to that.
 */
const changes = 3;
/** iterations that begin after a change before the next one: by then the change has been sent */
const iterationsPerChange = 2;
/** a host that is too busy to send this much lets the migration end with more */
const convergeMs = 20_000;
/** QEMU counts by tenths of a second what it has sent, and may be that much ahead */
const aheadMs = 200;
const tolerance = 1.1;

const isMultifd = ({ capabilities }: PairSettings): boolean =>
  capabilities?.includes('multifd') === true;

type Hold = 'bandwidth' | 'pause' | 'none';

/**
 * What keeps the migration from ending while Drover changes pages. The bandwidth does not where
 * iterations are over in milliseconds: with multifd, which does not keep to it unless Drover passes on
 * no more, with xbzrle, and
 * with mapped-ram, of which QEMU 10.0 measures almost none. There QEMU continues as long as any
 * page is dirty, and then pauses before the switchover; what Drover has changed by then is still
 * sent. Over a connection it also waits for the destination's acknowledgement, which Drover
 * withholds (`wire`); 11.1 does not.
 */
function holdOf({ context, settings }: Pick<Sides, 'context' | 'settings'>): Hold {
  const { capabilities = [], wire } = settings;
  if (isMultifd(settings) && wire !== undefined) return 'bandwidth';
  const isFast = ['mapped-ram', 'xbzrle', 'multifd'].some((name) => capabilities.includes(name));
  if (!isFast) return 'bandwidth';
  const { parameters } = context.plan.sourceFeatures;
  return parameters.includes('avail-switchover-bandwidth') ? 'pause' : 'none';
}

/** In the downtime limit of 1 ms that is less than a page. Bytes per second. */
const nothingFits = { 'downtime-limit': 1, 'avail-switchover-bandwidth': 1000 } as const;
const whatIsMeasuredFits = { 'avail-switchover-bandwidth': 0 } as const;

/** Before `migrate`. */
export async function prepareSteady(pair: Pair): Promise<void> {
  const hold = holdOf(pair);
  if (hold === 'pause') await setCapability(pair.source, 'pause-before-switchover');
  await setParameters(pair.source, hold === 'bandwidth' ? held(pair) : released(pair));
  if (hold === 'bandwidth' && isMultifd(pair.settings)) await limitWire(pair);
  if (hold === 'pause') await setParameters(pair.source, nothingFits);
  await changePages(pair.source, 0);
}

/**
 * Pages above the stamped range that Drover itself writes between iterations: some become zero and
 * then nearly what they were, in others a byte moves, so that the difference to the page before
 * last is not the one to the last.
 */
async function changePages({ qtest, context }: TestMachine, iteration: number): Promise<void> {
  const { end } = context.platform.range;
  const work: Promise<void>[] = [];
  for (let index = 0; index < 16; index++) {
    const page = Buffer.alloc(4096);
    if (index % 2 === 0) {
      page.fill(0x5a, 1024);
      page[64 * iteration + index] = 0xc3;
    } else if ((iteration + index / 2) % 2 >= 1) {
      page.fill(index);
      page[64 * iteration] = 0xc3;
    }
    work.push(qtest.write(end + (1 + 2 * index) * 4096, page));
  }
  await Promise.all(work);
}

/** The iterations that have to be, with pages that change between them. */
async function iterate(migration: Migration): Promise<void> {
  const { source } = migration.pair;
  const since = migration.since.source;
  await migration.whileActive(async (signal) => {
    for (let iteration = 1; iteration <= leastIterations; iteration++) {
      await waitIterations(source, { iterations: iteration, since, signal });
      if (iteration === 1 && !isMultifd(migration.pair.settings)) await requireBandwidth(migration);
      await changePages(source, iteration);
    }
  });
}

const isPause = ({ name, data }: QmpEvent): boolean =>
  name === 'MIGRATION' && data['status'] === 'pre-switchover';

/** Changes pages again and again, each time when QEMU has sent the change before. */
async function iterateFast(migration: Migration): Promise<void> {
  const { context, settings, source } = migration.pair;
  const { events } = source.qmp;
  const wait = { what: 'event MIGRATION_PASS', timeoutMs: context.deadlines.statusMs };
  await migration.whileActive(async (signal) => {
    const { source: start } = migration.since;
    const first = { ...wait, since: start, signal };
    await events.wait((event) => isPause(event) || Number(event.data['pass']) >= 2, first);
    if (isMultifd(settings)) migration.requireConnections();
    for (let change = 1; change <= changes; change++) {
      await changePages(source, change);
      for (let begun = 0; begun < iterationsPerChange; begun++) {
        if (events.find(isPause, start) !== undefined) return;
        const options = { ...wait, since: events.cursor, signal };
        await events.wait((event) => isPause(event) || event.name === 'MIGRATION_PASS', options);
      }
    }
  });
}

/** The channels of multifd do not keep to `max-bandwidth`: Drover passes on no more than that. */
async function limitWire({ context, settings, wire }: Pair): Promise<void> {
  const amount = Math.ceil(held({ context })['max-bandwidth'] / channelsOf(settings));
  await wire?.fault({ action: 'rate', toward: 'destination', amount }, context.signal);
}

/** No more may have been sent than `max-bandwidth` lets through, by QEMU's own clock. */
async function requireBandwidth({ pair }: Migration): Promise<void> {
  const { source } = pair;
  const { ram, 'total-time': ms } = await source.qmp.execute('query-migrate');
  const sent = asObject(ram)['transferred'];
  if (typeof sent !== 'number' || typeof ms !== 'number') return;
  const most = (tolerance * held(pair)['max-bandwidth'] * (ms + aheadMs)) / 1000;
  if (sent <= most) return;
  throw contractError(
    'bandwidth-exceeded',
    `QEMU sent ${formatBytes(sent)} in ${ms} ms, more than max-bandwidth allows`,
    { side: source.side, waitedFor: `at most ${formatBytes(most)}`, lastSeen: formatBytes(sent) },
  );
}

/** Waits until the migration has converged. */
export async function settle(migration: Migration): Promise<void> {
  const { context, source, wire } = migration.pair;
  const hold = holdOf(migration.pair);
  if (hold === 'bandwidth') {
    await iterate(migration);
    await wire?.heal(context.signal);
    await setParameters(source, released(migration.pair));
  } else if (hold === 'pause') {
    await iterateFast(migration);
    await setParameters(source, { ...released(migration.pair), ...whatIsMeasuredFits });
  }
  wire?.answer();
  const [isForced] = await Promise.all([
    converge(migration, convergeMs * context.plan.slowness),
    hold === 'pause' ? goOn(migration) : undefined,
  ]);
  await migration.untilEvent('STOP');
  if (isForced) {
    context.observer.note?.(
      'the migration did not converge by itself, so its last iteration may hide what earlier ones lost',
    );
  } else if (hold === 'bandwidth') {
    requireLittleLeft(migration);
    requireShortDowntime(migration);
  }
}

/** When QEMU pauses before the switchover. */
async function goOn(migration: Migration): Promise<void> {
  await migration.until('pre-switchover');
  await migration.pair.source.qmp.execute('migrate-continue', { state: 'pre-switchover' });
}

/** QEMU estimates what fits into the downtime limit; this many times as much is no estimate. */
const noEstimate = 10;

function requireLittleLeft({ pair, answer }: Migration): void {
  const { source } = pair;
  const limits = released(pair);
  const mostLeftBytes = (noEstimate * limits['max-bandwidth'] * limits['downtime-limit']) / 1000;
  const left = asObject(answer['ram'])['downtime-bytes'];
  if (typeof left !== 'number' || left <= mostLeftBytes) return;
  throw contractError(
    'too-much-left',
    `QEMU stopped the guest with ${formatBytes(left)} to send, more than fits into downtime-limit`,
    {
      side: source.side,
      waitedFor: `at most ${formatBytes(mostLeftBytes)}`,
      lastSeen: formatBytes(left),
    },
  );
}

/** with next to nothing left, on a host of usual speed; far more than it takes */
const mostDowntimeMs = 2000;

function requireShortDowntime({ pair: { context, source }, answer }: Migration): void {
  const { downtime } = answer;
  const most = soon(mostDowntimeMs, context);
  if (typeof downtime !== 'number' || downtime <= most) return;
  throw contractError(
    'long-downtime',
    `QEMU kept the guest stopped for ${downtime} ms with next to nothing left to send`,
    { side: source.side, waitedFor: `at most ${most.toFixed(0)} ms`, lastSeen: `${downtime} ms` },
  );
}

/**
 * Some iterations, then postcopy; the destination's guest waits, so nothing but QEMU itself asks
 * for pages.
 */
export async function settleByPostcopy(pair: Pair): Promise<Migration> {
  const { source, wire } = pair;
  const migration = await pair.migrate();
  await iterate(migration);
  await migration.whileActive(async (signal) => {
    await source.qmp.execute('migrate-start-postcopy');
    await wire?.heal(signal);
    await migration.untilEvent('STOP');
  });
  await whileAlive(pair, async () => {
    await migration.until('completed', {
      through: ['setup', 'active', 'device', 'postcopy-device', 'postcopy-active'],
    });
  });
  await migration.until('completed', { side: 'destination' });
  return migration;
}
