/**
 * What capabilities and parameters leave behind: on the wire, where Drover passes on what is sent,
 * at the process, and in QEMU's own figures. A QEMU that accepts one and does nothing for it would
 * pass every check of memory.
 */
import { contractError, usageError } from '../model/errors.js';
import type { HarnessError } from '../model/errors.js';
import { asObject } from '../model/json.js';
import type { Json, JsonObject } from '../model/json.js';
import type { Side } from '../model/outcome.js';
import { formatBytes } from '../model/text/sizes.js';
import { channelsOf } from './pair-settings.js';
import type { PairSettings } from './pair-settings.js';
import type { Wire } from './wire.js';

interface Facts {
  readonly settings: PairSettings;
  /** the source's answer to query-migrate after the migration completed */
  readonly answer: JsonObject;
  /** where the connections were passed on */
  readonly wire?: Wire | undefined;
  /** of the guest's memory, no page of it zero */
  readonly stampedBytes: number;
}

interface Effect {
  readonly what: string;
  readonly applies: (facts: Facts) => boolean;
  /** how it shows */
  readonly sign: (facts: Facts) => string;
  /** undefined where this QEMU does not report it */
  readonly shows: (facts: Facts) => boolean | undefined;
}

const has = (settings: PairSettings, capability: string): boolean =>
  settings.capabilities?.includes(capability) === true;

const parameter = ({ settings }: Facts, name: string): Json | undefined =>
  settings.sourceParameters?.[name] ?? settings.parameters?.[name];

/** a figure of query-migrate */
function figure(answer: JsonObject, group: string, name: string): number | undefined {
  const value = asObject(answer[group])[name];
  return typeof value === 'number' ? value : undefined;
}

function compare(
  first: number | undefined,
  second: number | undefined,
  holds: (first: number, second: number) => boolean,
): boolean | undefined {
  return first === undefined || second === undefined ? undefined : holds(first, second);
}

/** the main one, those of multifd, and that of urgent pages */
function connectionsOf(settings: PairSettings): number {
  const channels = has(settings, 'multifd') ? channelsOf(settings) : 0;
  return 1 + channels + (has(settings, 'postcopy-preempt') ? 1 : 0);
}

const sentBytes = ({ wire }: Facts): number =>
  (wire?.connections ?? []).reduce((sum, connection) => sum + connection.sentBytes, 0);

/** far more than they compress to */
const compressedShare = 1 / 4;

/** A stopped guest is sent once, and each of its pages holds one byte. */
const isCompressedOnce = (facts: Facts): boolean =>
  facts.wire !== undefined &&
  facts.settings.live !== true &&
  (parameter(facts, 'multifd-compression') ?? 'none') !== 'none';

const isStored = (facts: Facts): boolean => parameter(facts, 'multifd-zlib-level') === 0;

/** of memory that the guest writes all the time; the pages that do not fit are not found */
const smallCacheShare = 1 / 4;

const effects: readonly Effect[] = [
  {
    what: 'capability xbzrle',
    // The first iteration only fills the cache, and the last one does without it.
    applies: ({ settings }) =>
      has(settings, 'xbzrle') && ((settings.iterations ?? 0) > 1 || settings.steady === true),
    sign: () => 'pages sent as differences (xbzrle-cache.pages)',
    // a QEMU for which the capability is off does not report the cache at all
    shows: ({ answer }) => (figure(answer, 'xbzrle-cache', 'pages') ?? 0) > 0,
  },
  {
    what: 'zero-page-detection none',
    applies: (facts) =>
      has(facts.settings, 'multifd') && parameter(facts, 'zero-page-detection') === 'none',
    sign: () => 'no zero page (ram.duplicate)',
    shows: ({ answer }) =>
      compare(figure(answer, 'ram', 'duplicate'), 0, (found, none) => found === none),
  },
  ...['legacy', 'multifd'].map((mode): Effect => ({
    what: `zero-page-detection ${mode}`,
    applies: (facts) =>
      has(facts.settings, 'multifd') && parameter(facts, 'zero-page-detection') === mode,
    // RAM outside of what the guest stamps is mostly zero
    sign: () => 'zero pages (ram.duplicate)',
    shows: ({ answer }) =>
      compare(figure(answer, 'ram', 'duplicate'), 0, (found, none) => found > none),
  })),
  {
    what: 'capability zero-copy-send',
    applies: ({ settings }) => settings.sourceCapabilities?.includes('zero-copy-send') === true,
    // over the loopback interface, where Linux copies after all and says so
    sign: () => 'what the host did copy (ram.dirty-sync-missed-zero-copy)',
    shows: ({ answer }) =>
      compare(
        figure(answer, 'ram', 'dirty-sync-missed-zero-copy'),
        0,
        (missed, none) => missed > none,
      ),
  },
  {
    what: 'parameter tls-creds',
    applies: ({ settings }) => settings.wire === 'tls',
    sign: () => 'a TLS handshake at the beginning of each connection',
    shows: ({ wire }) => wire?.connections.every(({ isTls }) => isTls),
  },
  {
    what: 'parameter multifd-compression',
    applies: (facts) => isCompressedOnce(facts) && !isStored(facts),
    sign: ({ stampedBytes }) =>
      `less than ${formatBytes(stampedBytes * compressedShare)} on the wire for ${formatBytes(stampedBytes)} of memory`,
    shows: (facts) => sentBytes(facts) < facts.stampedBytes * compressedShare,
  },
  {
    what: 'parameter multifd-zlib-level 0',
    applies: (facts) => isCompressedOnce(facts) && isStored(facts),
    sign: ({ stampedBytes }) =>
      `at least ${formatBytes(stampedBytes)} on the wire, since level 0 only stores`,
    shows: (facts) => sentBytes(facts) >= facts.stampedBytes,
  },
  {
    what: 'parameter xbzrle-cache-size',
    applies: (facts) => {
      const { settings, stampedBytes } = facts;
      const size = parameter(facts, 'xbzrle-cache-size');
      const isSmall = typeof size === 'number' && size < stampedBytes * smallCacheShare;
      return has(settings, 'xbzrle') && (settings.iterations ?? 0) > 1 && isSmall;
    },
    sign: () =>
      'more pages that are not in the cache (xbzrle-cache.cache-miss) than pages sent as differences (xbzrle-cache.pages)',
    shows: ({ answer }) =>
      compare(
        figure(answer, 'xbzrle-cache', 'cache-miss'),
        figure(answer, 'xbzrle-cache', 'pages'),
        (missed, sent) => missed > sent,
      ),
  },
];

/** @param sign what it should have left @param seen instead */
export function noEffect(
  what: string,
  sign: string,
  seen: string,
  side: Side = 'source',
): HarnessError {
  return contractError('no-effect', `QEMU accepted ${what}, and it had no effect`, {
    side,
    waitedFor: sign,
    lastSeen: seen,
  });
}

/** Fails unless all that the pair's settings switched on has left its sign. */
export function requireEffects(facts: Facts): void {
  const { settings, answer, wire } = facts;
  if (settings.wire !== undefined && wire === undefined) {
    throw usageError(
      'bad-test',
      "wire: Drover can pass on connections to the destination's own address only, not with channels, connectBy or a file",
    );
  }
  if (wire !== undefined) requireConnections(settings, wire.connections.length);
  for (const { what, applies, sign, shows } of effects) {
    if (!applies(facts) || shows(facts) !== false) continue;
    const seen = { ram: answer['ram'], xbzrle: answer['xbzrle-cache'], wire: wire?.connections };
    throw noEffect(what, sign(facts), JSON.stringify(seen));
  }
}

/** Fails unless the source has made as many connections as its capabilities and parameters say. */
export function requireConnections(settings: PairSettings, made: number): void {
  const wanted = connectionsOf(settings);
  if (made === wanted) return;
  throw contractError('no-effect', `the migration has ${made} connections, not ${wanted}`, {
    side: 'source',
    waitedFor: `${wanted} connections of the source to the destination`,
    lastSeen: `${made} connections`,
  });
}

/** @param made descriptors with O_DIRECT, since the migration began */
export function requireDirect(settings: PairSettings, made: number): void {
  const wanted = channelsOf(settings);
  if (made >= wanted) return;
  const sign = `${wanted} more descriptors with O_DIRECT`;
  throw noEffect('parameter direct-io', sign, `${made} descriptors`);
}
