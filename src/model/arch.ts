/**
 * The guest platform of each architecture: which machine, how much memory, which range is stamped,
 * and the options that give QEMU all that. A new architecture is a new row here and a guest image.
 */
import type { HotPart, PageRange, StampKind } from './stamps.js';
import type { Range } from './text/sizes.js';

export const accelerators = ['tcg', 'kvm'] as const;
export type Accelerator = (typeof accelerators)[number];

export type Arch = 'x86_64' | 'i386' | 'aarch64' | 'riscv64' | 's390x' | 'ppc64' | 'loongarch64';

export interface Platform {
  /** QEMU's name of the target */
  readonly arch: string;
  /** unversioned machine name; resolved to a versioned one that both binaries know */
  readonly machineAlias: string;
  /** properties of the machine, such as `gic-version=3` */
  readonly machineOptions: readonly string[];
  /** the option that gives QEMU the guest image */
  readonly imageOption: '-bios' | '-kernel';
  /**
   * A model with the same features in each release, so that a guest can migrate between releases;
   * default: QEMU's.
   */
  readonly cpu?: Readonly<Record<Accelerator, string>>;
  /** The machine also needs `-m`, beside its memory backend. */
  readonly tellSize?: true;
  /** what else belongs on the command line */
  readonly args: readonly string[];
  readonly ramBytes: number;
  /** the memory that the guest stamps and the check reads */
  readonly range: PageRange;
  /** guest memory that is neither stamped nor used by the guest: 8 bytes for the marker */
  readonly markerAddress: number;
  /**
   * a stamped page that comes just before the marker; once sent it is watched for being dirtied
   * again
   */
  readonly watchAddress: number;
  /**
   * how many passes over memory the guest makes between two 'B's: about 30 ms under TCG, enough to
   * prove that every page is being rewritten
   */
  readonly passesPerB: number;
  /** of the stamps; default: `byte` */
  readonly stamp?: StampKind;
  /** as many virtual processors; default: 1 */
  readonly writers?: number;
  /** addresses inside the range that are not memory */
  readonly hole?: Range;
  readonly hot?: HotPart;
  /** before each pass, so that a QEMU misses no write (migration/tracking.ts); default: not */
  readonly flushesEachPass?: boolean;
  /** pages per second of all writers together; default: as fast as possible */
  readonly pacePagesPerSecond?: number;
  /** the page that holds the writers' counters; default: none */
  readonly heartbeatAddress?: number;
}

const MiB = 1024 * 1024;

/** 99 MiB from 1 MiB behind the beginning of RAM, on every architecture. */
function memory(
  ramBase: number,
  ramBytes: number,
): Pick<Platform, 'ramBytes' | 'range' | 'markerAddress' | 'watchAddress'> {
  const range: PageRange = { start: ramBase + 1 * MiB, end: ramBase + 100 * MiB, step: 4096 };
  return {
    ramBytes,
    range,
    markerAddress: range.start + 3 * MiB + 1024,
    watchAddress: range.start + 3 * MiB,
  };
}

/** 2 passes take about 8 ms under TCG, and prove that every page is being rewritten. */
const usual = { machineOptions: [], imageOption: '-bios', args: [], passesPerB: 2 } as const;

const x86 = { ...usual, ...memory(0, 150 * MiB) };

export const platforms: Readonly<Record<Arch, Platform>> = {
  x86_64: { ...x86, arch: 'x86_64', machineAlias: 'q35' },
  i386: { ...x86, arch: 'i386', machineAlias: 'pc' },
  aarch64: {
    ...usual,
    ...memory(1024 * MiB, 150 * MiB),
    arch: 'aarch64',
    machineAlias: 'virt',
    machineOptions: ['gic-version=3'],
    cpu: { tcg: 'cortex-a72', kvm: 'host' },
  },
  riscv64: {
    ...usual,
    ...memory(2048 * MiB, 150 * MiB),
    arch: 'riscv64',
    machineAlias: 'virt',
    cpu: { tcg: 'rva22s64', kvm: 'host' },
  },
  s390x: {
    ...usual,
    ...memory(0, 128 * MiB),
    arch: 's390x',
    machineAlias: 's390-ccw-virtio',
    // `-bios` would put the image near the end of RAM
    imageOption: '-kernel',
  },
  ppc64: {
    ...usual,
    ...memory(0, 256 * MiB),
    arch: 'ppc64',
    machineAlias: 'pseries',
    // The capabilities are what TCG cannot do and would warn of.
    machineOptions: [
      'vsmt=8',
      'cap-cfpc=broken',
      'cap-sbbc=broken',
      'cap-ibs=broken',
      'cap-ccf-assist=off',
    ],
    args: ['-nodefaults'],
    // Without -m, pseries takes RAM above its default for hotpluggable memory and exits.
    tellSize: true,
  },
  loongarch64: {
    ...usual,
    ...memory(0, 150 * MiB),
    arch: 'loongarch64',
    machineAlias: 'virt',
    cpu: { tcg: 'la464', kvm: 'host' },
  },
};

/** A target that Drover has no guest for: nothing of its memory is stamped. */
function withoutGuest(target: string): Platform {
  return { ...usual, ...memory(0, 0), arch: target, machineAlias: 'none' };
}

export function platformOf(target: string): Platform {
  return isArch(target) ? platforms[target] : withoutGuest(target);
}

export function isArch(name: string): name is Arch {
  return Object.hasOwn(platforms, name);
}

/** what the field planted in memory is, to see the first part of a migration arrive */
export const markerValue = 0xfeed12345678cafen;
