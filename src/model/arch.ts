/**
 * The guest platform of each architecture: which machine, how much memory, which range is stamped.
 * A new architecture is a new row here and a guest image.
 */
import type { Hole, StampKind } from './stamps.js';
import type { PageRange } from './verdict.js';

export type Arch = 'x86_64' | 'i386';

export interface Platform {
  readonly arch: Arch;
  /** unversioned machine name; resolved to a versioned one that both binaries know */
  readonly machineAlias: string;
  readonly ramBytes: number;
  /** the memory that the guest stamps and the check reads */
  readonly range: PageRange;
  /** guest memory that is neither stamped nor used by the guest: 8 bytes for the marker */
  readonly markerAddress: number;
  /** a stamped page that comes just before the marker; once sent it is watched for being dirtied again */
  readonly watchAddress: number;
  /** how many passes over memory the guest makes between two 'B's */
  readonly passesPerB: number;
  /** of what is stamped: `byte` unless given */
  readonly stamp?: StampKind;
  /** 1 unless given; as many virtual processors */
  readonly writers?: number;
  /** addresses in the midst of the range that are no memory */
  readonly hole?: Hole;
  /** pages per second of all writers together; as fast as it can unless given */
  readonly pacePagesPerSecond?: number;
  /** the page that holds the writers' counters; none unless given */
  readonly heartbeatAddress?: number;
}

const MiB = 1024 * 1024;
const x86Range: PageRange = { start: 1 * MiB, end: 100 * MiB, step: 4096 };

/** 8 passes are about 30 ms under TCG: enough to prove that every page is being rewritten. */
const x86: Omit<Platform, 'arch' | 'machineAlias'> = {
  ramBytes: 150 * MiB,
  range: x86Range,
  markerAddress: x86Range.start + 3 * MiB + 1024,
  watchAddress: x86Range.start + 3 * MiB,
  passesPerB: 8,
};

export const platforms: Readonly<Record<Arch, Platform>> = {
  x86_64: { ...x86, arch: 'x86_64', machineAlias: 'q35' },
  i386: { ...x86, arch: 'i386', machineAlias: 'pc' },
};

export function isArch(name: string): name is Arch {
  return Object.hasOwn(platforms, name);
}

/** what the field planted in memory is, to see the first part of a migration arrive */
export const markerValue = 0xfeed12345678cafen;
