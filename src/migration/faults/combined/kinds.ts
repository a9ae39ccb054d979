/** What each kind of fault does: data. */
import type { WireAction, WireFault } from '../../wire.js';
import type { CombinedFault, FaultKind } from './combination.js';

/**
 * What a fault means for a migration. `slows`: it must still complete. `breaks`: it may not
 * complete, and nothing of what arrives is wrong. `damages`: what arrives is wrong. `kills`: one
 * side is gone.
 */
export type Meaning = 'slows' | 'breaks' | 'damages' | 'kills';

interface Kind {
  readonly what: string;
  readonly meaning: Meaning;
  /** on the connections; absent: of a process */
  readonly wire?: { readonly action: WireAction; readonly closesSender?: true };
  /** unless the name says how much */
  readonly usual?: number;
  /** a limit of the host */
  readonly isOfHost?: true;
}

export const kinds: Readonly<Record<FaultKind, Kind>> = {
  none: { what: 'nothing', meaning: 'slows' },
  delay: {
    what: 'nothing is passed on for 500 ms',
    meaning: 'slows',
    wire: { action: 'delay' },
    usual: 500,
  },
  rate: {
    what: 'at most 40 MB/s are passed on',
    meaning: 'slows',
    wire: { action: 'rate' },
    usual: 40_000_000,
  },
  stall: {
    what: 'nothing is read any more; what was read arrives',
    meaning: 'breaks',
    wire: { action: 'stall' },
  },
  blackhole: {
    what: 'everything is read, and nothing passed on',
    meaning: 'breaks',
    wire: { action: 'blackhole' },
  },
  'hold-back': {
    what: 'the last 64 KiB do not arrive',
    meaning: 'breaks',
    wire: { action: 'hold-back' },
    usual: 65_536,
  },
  'half-close': {
    what: 'the direction ends in good order, and is not read any more',
    meaning: 'breaks',
    wire: { action: 'half-close' },
  },
  fin: {
    what: "the receiver's socket is closed, the sender's stays open",
    meaning: 'breaks',
    wire: { action: 'fin' },
  },
  'fin-both': {
    what: 'both sockets are closed',
    meaning: 'breaks',
    wire: { action: 'fin', closesSender: true },
  },
  rst: {
    what: "the receiver's connection is reset, the sender's stays open",
    meaning: 'breaks',
    wire: { action: 'rst' },
  },
  'rst-both': {
    what: 'both connections are reset',
    meaning: 'breaks',
    wire: { action: 'rst', closesSender: true },
  },
  drop: {
    what: '64 bytes are left out',
    meaning: 'damages',
    wire: { action: 'drop' },
    usual: 64,
  },
  flip: {
    what: 'one bit is inverted (TLS only: the receiver notices)',
    meaning: 'damages',
    wire: { action: 'flip' },
    usual: 3,
  },
  stop: { what: 'QEMU gets SIGSTOP, and SIGCONT 400 ms later', meaning: 'slows', usual: 400 },
  kill: { what: 'QEMU gets SIGKILL', meaning: 'kills' },
  'disk-full': {
    what: 'the disk of the file has room for 8 MiB',
    meaning: 'breaks',
    isOfHost: true,
  },
  'file-size': {
    what: 'no file may be larger than 8 MiB (RLIMIT_FSIZE)',
    meaning: 'breaks',
    isOfHost: true,
  },
  descriptors: {
    what: 'QEMU may open no more files, with multifd two more (RLIMIT_NOFILE)',
    meaning: 'breaks',
    isOfHost: true,
  },
  memory: {
    what: 'QEMU may allocate 1 MiB more (RLIMIT_AS)',
    meaning: 'kills',
    isOfHost: true,
  },
};

export const isOfHost = (fault: FaultKind): boolean => kinds[fault].isOfHost === true;

export const amountOf = ({ fault, detail }: CombinedFault): number =>
  detail.amount ?? kinds[fault].usual ?? 0;

/** `one`: the number of the connection, in the order in which the source makes them. */
const channelNumbers = {
  main: 0,
  pages: 2,
  urgent: 1,
  all: undefined,
  process: undefined,
} as const;

/** What to order of the wire; none for a fault of a process. */
export function wireFaultsOf(each: CombinedFault): WireFault[] {
  const { wire } = kinds[each.fault];
  if (wire === undefined) return [];
  const toward =
    each.direction === 'both' ? (['destination', 'source'] as const) : [each.direction];
  const connection = channelNumbers[each.channel];
  return toward.map((side) => ({
    ...wire,
    toward: side,
    amount: amountOf(each),
    ...(connection === undefined ? {} : { connection }),
  }));
}
