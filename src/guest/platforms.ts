/**
 * The architectures that have a guest image, one row each. A new image is a new row here and a new
 * folder under guest/. Machine types, and what tests use of them, are in model/arch.
 */
import { usageError } from '../model/errors.js';
import { stampKinds } from '../model/stamps.js';
import type { StampKind } from '../model/stamps.js';
import type { Range } from '../model/text/sizes.js';
import { guestContract } from './contract.js';

export interface GuestPlatform {
  /** QEMU's name for the architecture, as in `qemu-system-<arch>` */
  readonly arch: string;
  /** path of the image below the folder guest/ */
  readonly image: string;
  readonly imageBytes: number;
  /** where in the image the parameter block is */
  readonly blockOffset: number;
  /** the guest's page size: starts, ends and steps are multiples of it */
  readonly pageBytes: number;
  /** below it lie the image's own scratch memory and what the machine reserves */
  readonly rangeMin: number;
  /** the image reaches no address from here on */
  readonly addressMax: number;
  readonly stamps: readonly StampKind[];
  readonly writersMax: number;
  /** it can leave a hole out of its range */
  readonly hole: boolean;
  /** its slices can have hot parts */
  readonly hot: boolean;
  /** it can flush its TLB before each pass, whatever it stamps */
  readonly flushes: boolean;
  readonly pace: boolean;
  /** it can write a byte to a port every millisecond or so */
  readonly pulses: boolean;
  /**
   * a page of RAM outside every range, where writers may count; undefined: the image does not count
   */
  readonly heartbeatAddress: number | undefined;
  /** RAM comes in multiples of this only */
  readonly ramUnitBytes?: number;
  /** addresses of RAM that the image uses, or that are hidden below something else */
  readonly reserved?: readonly Range[];
  /** kinds with which it flushes its TLB in each pass; in every 8th with all others */
  readonly flushedEachPass?: readonly StampKind[];
  /** it has the suspend variant */
  readonly suspends: boolean;
}

const x86 = {
  image: 'x86/drover-x86.bin',
  imageBytes: guestContract.x86ImageBytes,
  blockOffset: guestContract.blockOffset,
  pageBytes: 4096,
  rangeMin: guestContract.x86RangeMin,
  stamps: stampKinds,
  writersMax: guestContract.writersMax,
  hole: true,
  hot: true,
  flushes: true,
  pace: true,
  pulses: true,
  heartbeatAddress: guestContract.x86Heartbeat,
  reserved: [
    { start: 0, end: 0x90000 },
    { start: 0xa0000, end: guestContract.x86RangeMin },
  ],
  flushedEachPass: ['page'],
  suspends: true,
} as const;

export const guestPlatforms: readonly GuestPlatform[] = [
  { arch: 'x86_64', ...x86, addressMax: 2 ** 39 },
  { arch: 'i386', ...x86, addressMax: 2 ** 32 },
  {
    arch: 'aarch64',
    image: 'aarch64/drover-aarch64.bin',
    imageBytes: guestContract.aarch64ImageBytes,
    blockOffset: guestContract.aarch64BlockOffset,
    pageBytes: 4096,
    rangeMin: guestContract.aarch64RangeMin,
    addressMax: 2 ** 39,
    stamps: stampKinds,
    writersMax: guestContract.writersMax,
    hole: false,
    hot: false,
    flushes: false,
    pace: true,
    pulses: false,
    heartbeatAddress: guestContract.aarch64Heartbeat,
    flushedEachPass: ['page'],
    suspends: false,
  },
  {
    arch: 'riscv64',
    image: 'riscv64/drover-riscv64.bin',
    imageBytes: guestContract.riscv64ImageBytes,
    blockOffset: guestContract.riscv64BlockOffset,
    pageBytes: 4096,
    rangeMin: guestContract.riscv64RangeMin,
    addressMax: 2 ** 39,
    stamps: stampKinds,
    writersMax: guestContract.writersMax,
    hole: false,
    hot: false,
    flushes: false,
    pace: true,
    pulses: false,
    heartbeatAddress: guestContract.riscv64Heartbeat,
    flushedEachPass: ['page'],
    suspends: false,
  },
  {
    arch: 's390x',
    image: 's390x/drover-s390x.bin',
    imageBytes: guestContract.s390xImageBytes,
    blockOffset: guestContract.s390xBlockOffset,
    pageBytes: 4096,
    rangeMin: guestContract.s390xRangeMin,
    addressMax: 2 ** 44,
    stamps: stampKinds,
    writersMax: guestContract.writersMax,
    hole: false,
    hot: false,
    flushes: false,
    pace: true,
    pulses: false,
    heartbeatAddress: guestContract.s390xHeartbeat,
    flushedEachPass: ['page'],
    suspends: false,
  },
  {
    arch: 'ppc64',
    image: 'ppc64/drover-ppc64.bin',
    imageBytes: guestContract.ppc64ImageBytes,
    blockOffset: guestContract.ppc64BlockOffset,
    pageBytes: 4096,
    rangeMin: guestContract.ppc64RangeMin,
    addressMax: 2 ** 44,
    stamps: stampKinds,
    writersMax: guestContract.writersMax,
    hole: false,
    hot: false,
    flushes: false,
    pace: true,
    pulses: false,
    heartbeatAddress: guestContract.ppc64Heartbeat,
    ramUnitBytes: 256 * 2 ** 20,
    flushedEachPass: ['page'],
    suspends: false,
  },
  {
    arch: 'loongarch64',
    image: 'loongarch64/drover-loongarch64.bin',
    imageBytes: guestContract.loongarch64ImageBytes,
    blockOffset: guestContract.loongarch64BlockOffset,
    pageBytes: 4096,
    rangeMin: guestContract.loongarch64RangeMin,
    addressMax: 2 ** 39,
    stamps: stampKinds,
    writersMax: guestContract.writersMax,
    hole: true,
    hot: false,
    flushes: false,
    pace: true,
    pulses: false,
    heartbeatAddress: guestContract.loongarch64Heartbeat,
    flushedEachPass: ['page'],
    suspends: false,
  },
];

export function guestPlatform(arch: string): GuestPlatform {
  const platform = guestPlatforms.find((row) => row.arch === arch);
  if (platform === undefined) {
    const known = guestPlatforms.map((row) => row.arch).join(', ');
    throw usageError(
      'no-guest-image',
      `there is no guest image for ${arch}; there are images for ${known}`,
    );
  }
  return platform;
}
