/**
 * The architectures that have a guest image, one row each. A new image is a new row here and a new
 * folder under guest/. Machine types, and what tests use of them, are in model/arch.
 */
import { HarnessError } from '../model/errors.js';
import type { StampKind } from '../model/stamps.js';
import { guestContract } from './contract.js';

export interface GuestPlatform {
  /** QEMU's name for the architecture, as in `qemu-system-<arch>` */
  readonly arch: string;
  /** path of the image below the folder guest/ */
  readonly image: string;
  readonly imageBytes: number;
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
  readonly pace: boolean;
  /** a page of RAM outside every range, where writers may count; undefined: the image does not count */
  readonly heartbeatAddress: number | undefined;
}

const x86 = {
  image: 'x86/drover-x86.bin',
  imageBytes: guestContract.x86ImageBytes,
  pageBytes: 4096,
  rangeMin: guestContract.x86RangeMin,
  addressMax: 2 ** 32,
  stamps: ['byte'],
  writersMax: 1,
  hole: false,
  pace: false,
  heartbeatAddress: undefined,
} as const;

export const guestPlatforms: readonly GuestPlatform[] = [
  { arch: 'x86_64', ...x86 },
  { arch: 'i386', ...x86 },
];

export function guestPlatform(arch: string): GuestPlatform {
  const platform = guestPlatforms.find((row) => row.arch === arch);
  if (platform === undefined) {
    const known = guestPlatforms.map((row) => row.arch).join(', ');
    throw new HarnessError({
      code: 'no-guest-image',
      blame: 'usage',
      message: `there is no guest image for ${arch}; there are images for ${known}`,
    });
  }
  return platform;
}
